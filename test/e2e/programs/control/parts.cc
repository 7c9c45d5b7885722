// Calls the parts, one for each row. No test edits this file.
#include "plugin.h"

extern "C" {
void run_a13(void);
void start_a19(void);
void run_a19(void);
void start_a22(void);
void run_a22(void);
void start_a24(void);
void run_a24(void);
}
void run_a14();
void start_a15();
void run_a15();
void run_a18();
void start_a20();
void run_a20();
void run_a23();
void run_a25();

void start_module_parts() {
  start_a15();
  start_a19();
  start_a20();
  start_a22();
  start_a24();
}

void run_module_parts() {
  run_a13();
  run_a14();
  run_a15();
  run_a18();
  run_a19();
  run_a20();
  run_a22();
  run_a23();
  run_a24();
  run_a25();
}
