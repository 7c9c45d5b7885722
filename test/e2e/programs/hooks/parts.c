/* Calls the part. No test edits this file. */
#include "hotreload.h"
#include "report.h"

int e10_count(void);
int e10_value(int x);
int e10_polls(void);
int e10_forbidden(int x);
int e10_seen(void);
void e10_start(void);

static int value;

void start_parts(void) { e10_start(); }

void run_parts(long tick) {
  /* Both calls of a tick run the same code: a change comes between two ticks. */
  value = e10_value(0);
  for (int i = 0; i < 1000; i++)
    if (e10_value(0) != value) report("E10.torn", "yes");
  report("E10", "%d", value);
  report_counted("E10.count", e10_count());
  report("E10.forbidden", "%d", e10_forbidden(0));
  report("E10.seen", "%d", e10_seen());
  if (tick % 5 == 0 || e10_polls()) report("E10.polled", "%s", hotreload_poll() ? "yes" : "no");
}
