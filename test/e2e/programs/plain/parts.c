/* Calls the parts. No test edits this file. */
#include "report.h"
#include "shelf.h"

void start_parts(void) {}

void run_parts(long tick) {
  (void)tick;
  report("shelf", "%d", shelf(4));
  report_counted("shelf.count", shelf_calls());
  report("doubled", "%d", doubled(4));
}
