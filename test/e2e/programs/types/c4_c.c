/* C4, in C. */
#include "report.h"

int c4_c_step(int start) {
  struct pair {
    int one;
    int two;
  };
  volatile struct pair pair = {start, 7};
  pair.one += pair.two;
  return pair.one;
}

void run_c4_c(void) { report("C4.c", "%d", c4_c_step(3)); }
