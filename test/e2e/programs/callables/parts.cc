// Calls the parts, one for each row. No test edits this file.
#include "plugin.h"

void run_a5();
void run_a6();
void start_a8();
void run_a8();
void start_a9();
void run_a9();
void start_a10();
void run_a10();
void start_a11();
void run_a11();

void start_module_parts() {
  start_a8();
  start_a9();
  start_a10();
  start_a11();
}

void run_module_parts() {
  run_a5();
  run_a6();
  run_a8();
  run_a9();
  run_a10();
  run_a11();
}
