#include "report.h"

#include <functional>

static std::function<int(int)> first, second;

static void fill(int a, std::function<int(int)> *one, std::function<int(int)> *two) {
  *one = [a](int x) { return a + x; };
  // place for a lambda
  *two = [a](int x) {
    static int calls = 0;
    return a * x + (++calls > 0 ? 0 : 1);
  };
}

void start_a10() { fill(10, &first, &second); }

void run_a10() {
  std::function<int(int)> one, two;
  fill(20, &one, &two);
  report("A10.old", "%d %d", first(3), second(3));
  report("A10.new", "%d %d", one(3), two(3));
  report("A10.types", "%d", one.target_type() == first.target_type() && two.target_type() == second.target_type());
}
