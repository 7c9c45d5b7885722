#include "report.h"

#include <atomic>
#include <pthread.h>
#include <unistd.h>

static std::atomic<int> stepped, looped;

__attribute__((noinline)) void a20_step() { stepped = 1; }

void *a20_loop(void *unused) {
  for (;;) {
    a20_step();
    looped = 1;
    usleep(2000);
  }
  return unused;
}

void start_a20() {
  pthread_t thread;
  pthread_create(&thread, nullptr, a20_loop, nullptr);
  pthread_setname_np(thread, "a20 worker");
}

void run_a20() {
  report("A20.step", "%d", stepped.load());
  report("A20.loop", "%d", looped.load());
}
