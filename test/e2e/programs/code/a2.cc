#include "report.h"

static int a2_static(int x) { return x + 1; }

__attribute__((noinline)) static int a2_static_called(int x) {
  int sum = 0;
  for (int i = 0; i <= x; i++) sum += i * 2;
  return sum;
}

namespace {
int a2_anonymous(int x) { return x + 3; }

__attribute__((noinline)) int a2_anonymous_called(int x) {
  int product = 1;
  for (int i = 1; i <= x; i++) product *= i;
  return product;
}

struct A2Local {
  int value;
  __attribute__((noinline)) int twice() const { return value * 2; }
};
}  // namespace

void run_a2() {
  volatile int five = 5;
  A2Local local{five};
  report("A2.static", "%d", a2_static(five));
  report("A2.static_called", "%d", a2_static_called(five));
  report("A2.anonymous", "%d", a2_anonymous(five));
  report("A2.anonymous_called", "%d", a2_anonymous_called(five));
  report("A2.anonymous_member", "%d", local.twice());
}
