#include "b13.h"

long b13_common;
/* place for variables */

long b13_common_step(void) {
  return b13_common * 1;
}

long *b13_added(void) {
  return 0;
}
