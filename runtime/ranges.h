/* The address ranges that are kept free near modules, and which parts of them are in use. */
#ifndef HOTRELOAD_RANGES_H
#define HOTRELOAD_RANGES_H

#include <stddef.h>
#include <stdint.h>

#include "errors.h"

/* Every byte of a range is within this distance of every byte of its module, so that 32-bit displacements reach
 * both ways with room to spare. */
#define HOTRELOAD_REACH (3ull << 29) /* 1.5 GiB */

struct hotreload_range {
  uint64_t near; /* first byte of the module that it was reserved for */
  uint64_t start;
  uint64_t size; /* bytes, whole pages */
};

/* A part that was given to a library, or that something else got hold of before it could be taken back. */
struct hotreload_part {
  uint64_t start;
  uint64_t size;
};

/* All zero holds no range. */
struct hotreload_ranges {
  struct hotreload_range *items;
  size_t count;
  size_t capacity;
  struct hotreload_part *parts;
  size_t part_count;
  size_t part_capacity;
};

/* Reserves `size` bytes (rounded up to pages) near the module at [start, end), and adds them to the ranges.
 * Returns the new range, valid until the next one is added; NULL with the error E_AGENT_RANGE (numbers that cannot
 * be, or nothing free within reach), E_AGENT_PROC or E_AGENT_MEMORY. */
const struct hotreload_range *hotreload_ranges_reserve(struct hotreload_ranges *ranges, uint64_t start, uint64_t end,
                                                       uint64_t size, struct hotreload_error *error);

/* True if the address lies in a range. */
bool hotreload_ranges_contain(const struct hotreload_ranges *ranges, uint64_t address);

/* First byte of the module that the range around the address was reserved for, 0 if the address lies in none. */
uint64_t hotreload_ranges_near(const struct hotreload_ranges *ranges, uint64_t address);

/* Unmaps [start, start + size), which must lie inside one range and be unused, so that a library can be loaded there.
 * Errors: E_AGENT_PLACE (then nothing changed), E_AGENT_MEMORY. */
bool hotreload_ranges_give(struct hotreload_ranges *ranges, uint64_t start, uint64_t size,
                           struct hotreload_error *error);

/* Takes back what was given, once no library lies there. What something else occupies by now stays out of use. */
void hotreload_ranges_take_back(struct hotreload_ranges *ranges, uint64_t start, uint64_t size);

#endif
