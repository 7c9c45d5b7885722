/* What the agent keeps about its process: the reserved ranges and the patches that are applied. */
#ifndef HOTRELOAD_PROCESS_H
#define HOTRELOAD_PROCESS_H

#include <stddef.h>
#include <stdint.h>

#include "library.h"
#include "ranges.h"

enum hotreload_standing {
  HOTRELOAD_STANDING,  /* counts */
  HOTRELOAD_UNDONE,    /* its functions run as before it, until it is redone; its libraries stay */
  HOTRELOAD_ABANDONED, /* undone for good: a newer patch was made without it */
};

struct hotreload_applied {
  uint64_t patch; /* the number that the server gave it */
  struct hotreload_library *libraries;
  size_t library_count;
  enum hotreload_standing standing;
};

/* All zero is a process without patches. A forked child goes on with what its parent had. */
struct hotreload_process {
  struct hotreload_ranges ranges;
  struct hotreload_applied *applied; /* rising numbers */
  size_t applied_count;
  size_t applied_capacity;
  uint64_t changes; /* patches applied, undone and redone so far */
};

#endif
