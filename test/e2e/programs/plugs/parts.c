/* Calls the parts. No test edits this file. */
#include "report.h"

int plugs_value(int x);
int plugs_other(int x);
int plugs_count(void);

void start_parts(void) {}

void run_parts(long tick) {
  (void)tick;
  report("P", "%d", plugs_value(0));
  report("P.other", "%d", plugs_other(0));
  report_counted("P.count", plugs_count());
}
