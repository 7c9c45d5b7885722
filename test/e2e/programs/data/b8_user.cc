// Reads the constants through what it got at the start, by code that no test replaces.
#include "b8.h"
#include "report.h"

static const B8Entry *held, *shared;
static const int *c_table, *here, *there;
static const char *word;

void start_b8() {
  held = b8_table();
  shared = b8_shared_table();
  c_table = b8_c_table();
  here = b8_inline_here();
  there = b8_inline_shared();
  word = b8_word();
}

void run_b8() {
  report("B8.held", "%s_%d_%d", held[0].name, held[0].value, held[0].run(1));
  report("B8.new", "%s_%d_%d", b8_table()[0].name, b8_table()[0].value, b8_table()[0].run(1));
  report("B8.table_at", "%s", held == b8_table() ? "kept" : "moved");
  report("B8.sum", "%d", b8_sum());
  report("B8.global", "%d", b8_global[1]);
  report("B8.banner", "%s", b8_banner);
  report("B8.c", "%d_%d", c_table[3], b8_c_table()[3]);
  report("B8.shared", "%s_%d", shared[0].name, b8_shared_table()[0].value);
  report("B8.inline", "%d_%d_%d", here[2], there[2], b8_inline_here()[2]);
  report("B8.word", "%s_%s", word, b8_word());
}
