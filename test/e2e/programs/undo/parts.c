/* Calls the parts. No test edits this file. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "report.h"

int e9_count(void);
int e9_value(int x);
int e9_other(int x);
int e9_new(void);
int e9_shared(int x);

/* Read at every call, so that no compiler knows which function it is. */
static int (*volatile value)(int);

void start_parts(void) { value = e9_value; }

void run_parts(long tick) {
  (void)tick;
  report_counted("E9.count", e9_count());
  report("E9", "%d", e9_value(0));
  report("E9.pointer", "%d", value(0));
  report("E9.other", "%d", e9_other(0));
  report("E9.new", "%d", e9_new());
  report("E9.shared", "%d", e9_shared(0));
}
