/* The loaded segments of all modules, and a hold under which none of them can be unloaded. */
#ifndef HOTRELOAD_SEGMENTS_H
#define HOTRELOAD_SEGMENTS_H

#include <stddef.h>
#include <stdint.h>

#include "errors.h"

/* One PT_LOAD as it lies in memory: its first byte, the byte after its last, PF_R | PF_W | PF_X. */
struct hotreload_segment {
  uint64_t start;
  uint64_t end;
  uint32_t flags;
};

struct hotreload_segments {
  struct hotreload_segment *items; /* rising addresses */
  size_t count;
  size_t capacity;
  uint64_t unloads; /* modules that had ever been unloaded when the list was made */
};

/* Lists the segments. Errors: E_AGENT_MEMORY. On success the caller owns the list. */
bool hotreload_segments_read(struct hotreload_segments *segments, struct hotreload_error *error);

/* The segment that holds the address, NULL if none does. */
const struct hotreload_segment *hotreload_segments_at(const struct hotreload_segments *segments, uint64_t address);

/* Calls `visit` while the loader's lock keeps every module of the list loaded. `visit` must not allocate memory,
 * load a library or take a lock. Returns false, without the call, if a module was unloaded since the list was made. */
bool hotreload_segments_hold(const struct hotreload_segments *segments, void (*visit)(void *data), void *data);

void hotreload_segments_free(struct hotreload_segments *segments);

#endif
