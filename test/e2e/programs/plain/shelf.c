#include "shelf.h"

static int calls = 20;

static const char *const names[] = {"none", "one", "two"};

int shelf(int x) {
  calls += 1;
  return doubled(x) + names[x % 3][0] - names[x % 3][0] + 1;
}

int shelf_calls(void) { return calls; }
