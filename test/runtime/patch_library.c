/* A patch library made by hand: macros say what is in its table. */
#include "patch.h"

int replacement(int x);
int replacement_other(int x);

int replacement(int x) {
  return x + VALUE;
}

int replacement_other(int x) {
  return x + VALUE + 1;
}

#ifdef NEEDS
int needed_but_nowhere(int x);
int uses_needed(int x);

int uses_needed(int x) {
  return needed_but_nowhere(x);
}
#endif

#ifndef NO_TABLE
struct table {
  uint64_t magic;
  uint32_t version;
  uint32_t redirect_count;
  uint64_t start;
  uint64_t size; /* written into the file once it is linked */
  struct hotreload_redirect redirects[2];
};

__attribute__((visibility("default"))) struct table hotreload_patch = {
    MAGIC, VERSION, COUNT, START, 0, {{ENTRY, (uint64_t)TARGET}, {ENTRY_OTHER, (uint64_t)replacement_other}}};
#endif
