// Calls the parts, one for each row. No test edits this file.
#include "plugin.h"

void run_c1();
void run_c2();
void run_c3();
void run_c4();
extern "C" void run_c4_c(void);
void run_c5();
void run_c6();

void start_module_parts() {}

void run_module_parts() {
  run_c1();
  run_c2();
  run_c3();
  run_c4();
  run_c4_c();
  run_c5();
  run_c6();
}
