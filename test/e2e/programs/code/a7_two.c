#include "a7.h"

int a7_two(void) {
  enum a7_color color = A7_GREEN;
  return A7_MACRO * 100 + (int)color;
}
