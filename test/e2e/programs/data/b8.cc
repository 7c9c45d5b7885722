#include "b8.h"

static int twice(int x) { return 2 * x; }
static int thrice(int x) { return 3 * x; }

extern const int b8_global[3] = {10, 20, 30};
extern const char b8_banner[8] = "banner";

static const B8Entry table[] = {{"one", 1, twice}, {"two", 2, thrice}};

const B8Entry *b8_table() { return table; }

const char *b8_word() { return "word"; }

const int *b8_inline_here() { return b8_inline; }

int b8_sum() {
  int sum = 0;
  for (const B8Entry &entry : table) sum += entry.run(entry.value);
  return sum;
}
