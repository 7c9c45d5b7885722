#include "state.h"

#include <stdlib.h>

#include "hotreload.h"

struct kept {
  long count;
};

struct part {
  int a;
  int b;
};

static struct kept *kept;
static struct part *part;
static long first;

void state_start(void) {
  kept = hotreload_state("kept", sizeof *kept);
  part = malloc(sizeof *part);
  part->a = 1;
  part->b = 2;
  if (!kept) abort();
  first = kept->count;
}

long state_count(void) { return ++kept->count; }

long state_first(void) { return first; }

int state_part(void) { return part->b; }
