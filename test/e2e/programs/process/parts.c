/* Calls the parts, one for each row. No test edits this file. */
#include "report.h"

int e3_value(int x);
int e3_count(void);
int e4_value(int x);
int e4_other(int x);
int e4_count(void);

void start_parts(void) {}

void run_parts(long tick) {
  (void)tick;
  report("E3", "%d", e3_value(0));
  report_counted("E3.count", e3_count());
  report("E4", "%d", e4_value(0));
  report("E4.other", "%d", e4_other(0));
  report_counted("E4.count", e4_count());
}
