// Never edited: what it holds was taken at the start.
#include "a11.h"
#include "report.h"

#include <atomic>
#include <functional>
#include <stdlib.h>
#include <thread>

typedef int (*function)(int);

static function pointer;
static const function table[] = {a11_step, a11_step};
static std::function<int(int)> wrapped;
static std::atomic<int> of_thread;

void start_a11() {
  pointer = a11_step;
  wrapped = a11_step;
}

void run_a11() {
  int numbers[] = {3, 1, 2};
  qsort(numbers, 3, sizeof numbers[0], a11_compare);
  std::thread([] { of_thread = a11_step(4); }).join();
  std::thread thread(a11_step, 5);
  thread.join();
  // A field each: a change may come between two of the calls.
  report("A11.pointer", "%d", pointer(1));
  report("A11.table", "%d", table[1](2));
  report("A11.function", "%d", wrapped(3));
  report("A11.thread", "%d", of_thread.load());
  report("A11.sorted", "%d%d%d", numbers[0], numbers[1], numbers[2]);
}
