#include "shared.h"

static int own_calls = 1000;

__attribute__((noinline)) static int own_number() { return 5 * 1; }

int own(int x) {
  own_calls += 1;
  return x + own_number();
}

int own_count() { return own_calls; }
