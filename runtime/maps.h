/* The mappings of this process, as /proc/self/maps lists them (proc_pid_maps(5)). */
#ifndef HOTRELOAD_MAPS_H
#define HOTRELOAD_MAPS_H

#include <stddef.h>
#include <stdint.h>

#include "errors.h"

struct hotreload_mapping {
  uint64_t start; /* first byte, and the byte after the last */
  uint64_t end;
  int protection;   /* PROT_READ | PROT_WRITE | PROT_EXEC */
  const char *name; /* path, "[heap]" and the like, "" if it has none; lives as long as the list */
};

struct hotreload_maps {
  struct hotreload_mapping *items; /* rising addresses */
  size_t count;
  char *text;
};

/* A picture of this moment: other threads may map and unmap meanwhile.
 * Errors: E_AGENT_PROC, E_AGENT_MEMORY. On success the caller owns the list. */
bool hotreload_maps_read(struct hotreload_maps *maps, struct hotreload_error *error);

/* The mapping that holds the address, NULL if none does. */
const struct hotreload_mapping *hotreload_maps_at(const struct hotreload_maps *maps, uint64_t address);

/* False if the process has nearly as many mappings as the system lets it have (vm.max_map_count): what is left is for the
 * host, whose next thread or large block of memory would fail. */
bool hotreload_maps_have_room(const struct hotreload_maps *maps);

void hotreload_maps_free(struct hotreload_maps *maps);

#endif
