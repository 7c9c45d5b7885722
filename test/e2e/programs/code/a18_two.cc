#include "a18_copies.h"

#define LEAST 1

int a18_two(int x) {
#if A18_USES < LEAST
  return x;
#else
  return a18_copied(x) * A18_USES;
#endif
}
