#include "report.h"

#include <functional>

static std::function<int(int)> make(int a, long b) {
  (void)b;
  return [a](int x) { return a + x; };
}

static std::function<int(int)> old_one;

void start_a9() { old_one = make(10, 200); }

void run_a9() {
  report("A9.old", "%d", old_one(1));
  report("A9.new", "%d", make(20, 300)(1));
  std::function<int(int)> copy = old_one;
  report("A9.copy", "%d %s", copy(2), copy.target_type() == old_one.target_type() ? "same" : "other");
}
