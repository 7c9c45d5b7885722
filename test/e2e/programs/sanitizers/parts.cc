// Calls the parts, one for each row. No test edits this file.
#include "report.h"

void start_d14();
void run_d14(long tick);

void start_parts() { start_d14(); }
void run_parts(long tick) { run_d14(tick); }
