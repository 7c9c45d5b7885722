#define VERSION_1000 0

#include "values.h"

#define DEFINE(n, v) \
  unsigned value_##n(unsigned x) { return x * n + VERSION_##v; }
MANY(DEFINE)
