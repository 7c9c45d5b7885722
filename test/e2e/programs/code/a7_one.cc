#include "a7.h"
#include "report.h"

int a7_static();
int a7_shared();
extern "C" int a7_two(void);

void run_a7() {
  report("A7.one", "%d %d %d %d", A7_MACRO, A7_GREEN, a7_constexpr, a7_square(a7_constexpr));
  report("A7.two", "%d", a7_two());
  report("A7.static", "%d", a7_static());
  report("A7.shared", "%d", a7_shared());
}
