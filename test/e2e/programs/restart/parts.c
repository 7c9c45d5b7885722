/* What a restart has to keep, and what it may not. No test edits this file. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "report.h"
#include "state.h"

void start_parts(void) {
  char directory[100], arguments[100] = "";
  state_start();
  report("R.directory", "%s", getcwd(directory, sizeof directory) ? directory : "?");
  report("R.setting", "%s", getenv("R_SETTING") ? getenv("R_SETTING") : "?");
  FILE *file = fopen("/proc/self/cmdline", "r");
  size_t length = file ? fread(arguments, 1, sizeof arguments - 1, file) : 0;
  for (size_t i = 0; i + 1 < length; i++)
    if (!arguments[i]) arguments[i] = '|';
  report("R.arguments", "%s", arguments);
}

void run_parts(long tick) {
  (void)tick;
  report("R.count", "%ld", state_count());
  report("R.first", "%ld", state_first());
  report("R.part", "%d", state_part());
}
