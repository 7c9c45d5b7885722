// Calls the parts, one for each row. No test edits this file.
#include "plugin.h"

void start_b7();
void start_b8();
void run_b7();
void run_b8();
void run_b9();
void run_b10();
void run_b13();
void run_b14();

void start_module_parts() {
#ifdef PLUGIN // the executable
  start_b7();
  start_b8();
#endif
}

void run_module_parts() {
#ifdef PLUGIN
  run_b7();
  run_b8();
  run_b14();
#endif
  run_b9();
  run_b10();
  run_b13();
}
