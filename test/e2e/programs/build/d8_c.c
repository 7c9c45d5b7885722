#include "d8.h"

static const int table[] = {3, 1, 4, 1, 5};
static int calls;

int d8_c(int x) {
  calls += 1;
  if (x < 0 || x > 4) return -1;
  return table[x] + d8_half(table[x + 1]);
}
