#define VERSION_1 0
#define VERSION_10 0
#define VERSION_100 0

#include "values.h"

#include <ctime>

#define DEFINE(n, v) \
  unsigned value_##n(unsigned x) { return x * n + VERSION_##v; }
VALUES(DEFINE)

void value_thrown(unsigned x) { throw x * 1000 + VERSION_1; }

unsigned value_held(unsigned x) {
  const timespec pause = {0, 3000 * 1000};
  nanosleep(&pause, nullptr);
  return x * 1000 + VERSION_1;
}
