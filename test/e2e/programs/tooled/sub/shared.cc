#include "../heavy.h"

static int calls = 50;

int shared(int x) {
  calls += 1;
  return heavy(x) + 30;
}

int shared_count() { return calls; }
