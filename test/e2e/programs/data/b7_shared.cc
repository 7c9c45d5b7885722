#include "b7.h"

static int plus_one(int x) { return x + 1; }
static int plus_two(int x) { return x + 2; }

int b7_shared_limit = 10;
int b7_shared_used = 30;
static long hidden = 20;
double b7_shared_zero;
const char *b7_shared_text = "alpha";
struct b7_shared_pair {
  int first;
  const char *name;
  int (*function)(int);
} b7_shared_pair = {1, "one", plus_one};

extern "C" void b7_shared_use(int value) {
  b7_shared_used = value;
  if (value < 0) {
    b7_shared_limit = hidden = value;
    b7_shared_zero = value;
    b7_shared_text = "negative";
    b7_shared_pair.function = plus_two;
    b7_shared_pair.first = value;
    b7_shared_pair.name = "negative";
  }
}

extern "C" struct b7_view b7_shared_look(void) {
  static long inner = 40;
  if (b7_shared_used < 0) inner += b7_shared_used;
  struct b7_view view = {b7_shared_limit, b7_shared_used, hidden, inner, b7_shared_zero, b7_shared_text, b7_shared_pair.first, b7_shared_pair.name, b7_shared_pair.function};
  return view;
}
