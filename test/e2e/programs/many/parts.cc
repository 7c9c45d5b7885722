// Calls the parts. No test edits this file.
#include "report.h"

#define PART(number)      \
  int part_##number();    \
  int part_##number##_calls();
PART(1)
PART(2)
PART(3)
PART(4)
int own(int x);
int own_count();
extern "C" int c_part(int x);

void start_parts() {}

void run_parts(long) {
  report("parts", "%d", part_1() + part_2() + part_3() + part_4());
  report_counted("one", part_1_calls());
  report_counted("four", part_4_calls());
  report("own", "%d", own(1));
  report_counted("own.count", own_count());
  report("c", "%d", c_part(1));
}
