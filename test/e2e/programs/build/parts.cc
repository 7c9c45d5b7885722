// Calls the parts, one for each row. No test edits this file.
#include "report.h"

int d1_inner_user();
int d1_outer_user();
int d1_alone();
int d5_one(int x);
int d5_two(int x);
int d8(int x);
extern "C" int d8_c(int x);

#define LEVEL(level)                               \
  int d11_##level(int x);                          \
  int d11_##level##_count();                       \
  extern "C" int d11_##level##_c(int x);           \
  extern "C" int d11_##level##_c_count(void);
LEVEL(executable)
LEVEL(static)
LEVEL(shared)

void start_parts() {}

void run_parts(long) {
  report("D1.inner", "%d", d1_inner_user());
  report("D1.outer", "%d", d1_outer_user());
  report("D1.alone", "%d", d1_alone());
  report("D5.one", "%d", d5_one(1));
  report("D5.two", "%d", d5_two(1));
  report("D8", "%d", d8(1));
  report("D8.c", "%d", d8_c(1));
#define LOOK(level)                                                \
  report("D11." #level, "%d", d11_##level(1));                     \
  report_counted("D11." #level ".count", d11_##level##_count());   \
  report("D11." #level ".c", "%d", d11_##level##_c(1));            \
  report_counted("D11." #level ".c_count", d11_##level##_c_count());
  LOOK(executable)
  LOOK(static)
  LOOK(shared)
}
