#include "report.h"

int a1_free(int x);
int a1_same_file(int x);
extern "C" int a1_extern(int x);
extern "C" int a1_c(int x);

void run_a1() {
  report("A1.free", "%d", a1_free(0));
  report("A1.same_file", "%d", a1_same_file(0));
  report("A1.extern", "%d", a1_extern(0));
  report("A1.c", "%d", a1_c(0));
}
