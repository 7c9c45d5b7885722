// Calls the parts, one for each row. No test edits this file.
#include "plugin.h"

void start_b6();
void run_b5();
void run_b6();

void start_module_parts() { start_b6(); }

void run_module_parts() {
  run_b5();
  run_b6();
}
