/* Where a shared library wants to lie: its loadable segments, read from the file before anything is mapped. */
#ifndef HOTRELOAD_EXTENT_H
#define HOTRELOAD_EXTENT_H

#include <stdint.h>

#include "errors.h"
#include "segments.h"

#define HOTRELOAD_EXTENT_SEGMENTS 16

struct hotreload_extent {
  uint64_t start; /* address that it is linked for, whole pages */
  uint64_t size;  /* bytes from there to the end of its last segment, whole pages */
  struct hotreload_segment segments[HOTRELOAD_EXTENT_SEGMENTS]; /* rising addresses */
  uint32_t segment_count;
};

/* Reads the ELF header and the program headers of an open file (ELF gABI 4.1, x86-64 psABI). Every segment lies
 * within the file: mapping it cannot fault.
 * Errors: E_AGENT_ELF (anything but a complete ELF64 shared object for x86-64), E_AGENT_FILE (cannot be read). */
bool hotreload_extent_read(int descriptor, struct hotreload_extent *extent, struct hotreload_error *error);

/* The segment that holds all of [address, address + size) and has all of the flags (PF_R | PF_W | PF_X), or NULL. */
const struct hotreload_segment *hotreload_extent_segment(const struct hotreload_extent *extent, uint64_t address,
                                                         uint64_t size, uint32_t flags);

#endif
