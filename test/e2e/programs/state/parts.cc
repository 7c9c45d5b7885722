// Calls the parts, one for each row. No test edits this file.
#include "plugin.h"

void start_b3();
void start_b12();
void run_b1(long tick);
void run_b2();
void run_b3();
void run_b4();
void run_b12(long tick);

void start_module_parts() {
  start_b3();
  start_b12();
}

void run_module_parts() {
  static long tick = 0;
  tick += 1;
  run_b1(tick);
  run_b2();
  run_b3();
  run_b4();
  run_b12(tick);
}
