#include "report.h"

#include <atomic>
#include <chrono>
#include <thread>

long b6_step();
long b6_made();

static std::atomic<long> first{0}, calls{0}, last{0};

void start_b6() {
  std::thread([] {
    for (;;) {
      if (const long value = b6_step()) {
        if (first == 0) first = value;
        last = value;
        calls += 1;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }).detach();
}

void run_b6() {
  if (const long value = b6_step()) report_counted("B6.main", value);
  if (const long value = b6_made()) {
    report_counted("B6.made", value);
    long of_new_thread = 0;
    std::thread([&] { of_new_thread = b6_made(); }).join();
    report("B6.made_in_thread", "%ld", of_new_thread);
  }
  if (calls > 2) report("B6.other", "%s_%ld", last - first < calls + 2 ? "own" : "shared", first.load());
}
