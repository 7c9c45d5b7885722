// Calls the parts, one for each row. No test edits this file.
#include "plugin.h"

void start_a4();
void start_a12();
void run_a1();
void run_a2();
void run_a3();
void run_a4();
void run_a7();
void run_a12();
extern "C" void run_a16(void);
void run_a17();
void run_a18();

void start_module_parts() {
  start_a4();
  start_a12();
}

void run_module_parts() {
  run_a1();
  run_a2();
  run_a3();
  run_a4();
  run_a7();
  run_a12();
  run_a16();
  run_a17();
  run_a18();
}
