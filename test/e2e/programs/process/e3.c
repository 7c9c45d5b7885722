#include <stdlib.h>

static int count = 10;

int e3_count(void) { return ++count; }

int e3_value(int x) {
  /* place for code */
  return x + 1;
}
