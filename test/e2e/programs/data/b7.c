#include "b7.h"

static int plus_one(int x) { return x + 1; }
static int plus_two(int x) { return x + 2; }

int b7_limit = 10;
int b7_used = 30;
static long hidden = 20;
double b7_zero;
const char *b7_text = "alpha";
struct b7_pair {
  int first;
  const char *name;
  int (*function)(int);
} b7_pair = {1, "one", plus_one};

void b7_use(int value) {
  b7_used = value;
  if (value < 0) {
    b7_limit = hidden = value;
    b7_zero = value;
    b7_text = "negative";
    b7_pair.function = plus_two;
    b7_pair.first = value;
    b7_pair.name = "negative";
  }
}

struct b7_view b7_look(void) {
  static long inner = 40;
  if (b7_used < 0) inner += b7_used;
  struct b7_view view = {b7_limit, b7_used, hidden, inner, b7_zero, b7_text, b7_pair.first, b7_pair.name, b7_pair.function};
  return view;
}
