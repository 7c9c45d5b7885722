// C4: a type whose objects are on the stack of one function.
#include "report.h"

__attribute__((noinline)) static int c4_scale(int x) { return x * 2; }

int c4_step(int start) {
  struct Sum {
    int total;
    int count;
  };
  volatile Sum sum = {start, 0};
  for (int i = 0; i < 3; i++) {
    sum.total += c4_scale(i);
    sum.count++;
  }
  return sum.total * 10 + sum.count;
}

struct C4Shared {
  int a;
  int b;
};

int c4_first(int x) {
  volatile C4Shared shared = {x, 1};
  return shared.a + shared.b;
}

int c4_second(int x) {
  volatile C4Shared shared = {x, 2};
  return shared.a * shared.b;
}

void run_c4() {
  report("C4.step", "%d", c4_step(1));
  report("C4.shared", "%d_%d", c4_first(5), c4_second(5));
}
