#include "a7.h"

int a7_shared() {
  int sizes[a7_constexpr] = {A7_MACRO, A7_GREEN};
  return int(sizeof sizes / sizeof sizes[0]) * 1000 + sizes[0] * 100 + sizes[1];
}
