#include "b14.h"

static long steps = 0;

extern "C" long b14_shared_step(long **address) {
  static long inner = 0;
  *address = &steps;
  steps += 1;
  inner += 1;
  return steps == inner ? steps + 0 : -1;
}
