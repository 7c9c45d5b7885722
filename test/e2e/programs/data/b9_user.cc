#include "report.h"

int b9_numbers();
int b9_sizes(int x);
long b9_counter();
float b9_value_now();
extern "C" long b9_c_count(void);

void run_b9() {
  report("B9.sizes", "%d", b9_sizes(1));
  report_counted("B9.counter", b9_counter());
  report_counted("B9.c_count", b9_c_count());
  report_counted("B9.numbers", b9_numbers() / 3);
  report("B9.value", "%g", b9_value_now());
}
