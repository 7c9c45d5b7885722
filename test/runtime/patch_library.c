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

#ifndef WRITES
#define WRITES 0
#endif
#ifndef CALLS
#define CALLS 0
#define GUARD guard
#endif

static const uint32_t new_words[3] = {101, 102, 103}, old_words[3] = {1, 2, 3};
static int constructed;

static void construct(void) {
  constructed++;
}

int guard(void (*function)(void));
int guard_failing(void (*function)(void));
__attribute__((visibility("default"))) int constructions(void);

int guard(void (*function)(void)) {
  function();
  return 1;
}

/* As if an exception had come out. */
int guard_failing(void (*function)(void)) {
  function();
  return 0;
}

int constructions(void) {
  return constructed;
}

#ifndef NO_TABLE
#ifdef WRITE
#define REDIRECTS 1
#else
#define REDIRECTS 2
#endif
struct table {
  uint64_t magic;
  uint32_t version;
  uint32_t redirect_count;
  uint64_t start;
  uint64_t size; /* written into the file once it is linked */
  uint32_t write_count;
  uint32_t call_count;
  struct hotreload_redirect redirects[REDIRECTS];
#ifdef WRITE
  struct hotreload_write writes[WRITES];
  struct hotreload_call calls[1];
#endif
};

__attribute__((visibility("default"))) struct table hotreload_patch = {
    MAGIC, VERSION, COUNT, START, 0, WRITES, CALLS,
#ifdef WRITE
    {{ENTRY, (uint64_t)TARGET}}, {WRITE}, {{(uint64_t)GUARD, (uint64_t)construct}}};
#else
    {{ENTRY, (uint64_t)TARGET}, {ENTRY_OTHER, (uint64_t)replacement_other}}};
#endif
#endif
