/* Calls the parts, one for each row. No test edits this file. */
#include "report.h"

int d17_value(int x);
int d17_hidden(int x);
int d17_count(void);
int d17_other(int x);
int d17_step(int x);
int d17_shared(int x);
int d17_shared_count(void);
int e5_value(int x);
int e5_count(void);

void start_parts(void) {}

void run_parts(long tick) {
  (void)tick;
  report("D17", "%d", d17_value(0));
  report("D17.hidden", "%d", d17_hidden(0));
  report("D17.other", "%d", d17_other(0));
  report("D17.step", "%d", d17_step(0));
  report("D17.shared", "%d", d17_shared(0));
  report_counted("D17.count", d17_count());
  report_counted("D17.shared.count", d17_shared_count());
  report("E5", "%d", e5_value(0));
  report_counted("E5.count", e5_count());
}
