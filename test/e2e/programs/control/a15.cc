#include "report.h"

#include <coroutine>
#include <exception>

struct Numbers {
  struct promise_type {
    int value = 0;
    Numbers get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
    std::suspend_always initial_suspend() { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    std::suspend_always yield_value(int next) {
      value = next;
      return {};
    }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }
  };
  std::coroutine_handle<promise_type> handle;
};

int a15_seven() { return 7; }

Numbers a15_count(int from) {
  for (int i = 0;; i++) {
    int step = i % 2;
    co_yield from + step;
  }
}

static Numbers suspended;

void start_a15() {
  suspended = a15_count(100);
  suspended.handle.resume();
}

void run_a15() {
  suspended.handle.resume();
  const int first = suspended.handle.promise().value;
  suspended.handle.resume();
  report("A15.old", "%d %d", first, suspended.handle.promise().value);
  Numbers fresh = a15_count(200);
  fresh.handle.resume();
  const int start = fresh.handle.promise().value;
  fresh.handle.resume();
  report("A15.new", "%d %d", start, fresh.handle.promise().value);
  fresh.handle.destroy();
  report("A15.beside", "%d", a15_seven());
}
