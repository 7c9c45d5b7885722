/* Calls the parts, one for each row. No test edits this file. */
#include "report.h"

int d7_value(int x);
int d7_other(int x);
int d7_count(void);
int d10_value(int x);
int d10_count(void);

#define D9_SOURCES(each) \
  each(0) each(1) each(2) each(3) each(4) each(5) each(6) each(7) each(8) each(9) \
  each(10) each(11) each(12) each(13) each(14) each(15) each(16) each(17) each(18) each(19)
#define DECLARE(number) int d9_##number(void);
#define CALL(number) + d9_##number()
D9_SOURCES(DECLARE)

void start_parts(void) {}

void run_parts(long tick) {
  (void)tick;
  report("D7", "%d", d7_value(0));
  report("D7.other", "%d", d7_other(0));
  report_counted("D7.count", d7_count());
  report("D9", "%d", 0 D9_SOURCES(CALL));
  report("D10", "%d", d10_value(0));
  report_counted("D10.count", d10_count());
}
