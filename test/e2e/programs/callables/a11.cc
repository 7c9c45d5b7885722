#include "a11.h"

int a11_step(int x) { return x + 1; }

int a11_compare(const void *a, const void *b) {
  const int left = *static_cast<const int *>(a), right = *static_cast<const int *>(b);
  return (left > right) - (left < right);
}
