#include "a22.h"

jmp_buf a22_place;
volatile int a22_handled;

static int deep(int x) {
  if (x > 2) longjmp(a22_place, x);
  return deep(x + 1) + 1;
}

int a22_jump(int x) { return deep(x); }

void a22_handler(int number) {
  (void)number;
  a22_handled = 1;
}
