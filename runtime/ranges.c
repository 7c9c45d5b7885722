/* The address ranges that are kept free near modules, and which parts of them are in use.
 *
 * Where to look: below the module first, since the heap of an executable (brk) grows above it. Some distance below,
 * because mmap fills the address space from the top down: what lies between is used before a hole that is just being
 * given to a library. A module at the bottom of the address space (-no-pie) has its range above, out of the way
 * of the heap. Nothing is ever mapped over: MAP_FIXED_NOREPLACE.
 */
#include "ranges.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "array.h"
#include "maps.h"
#include "pages.h"

#define MIB (1ull << 20)
#define LOWEST MIB              /* pointers near zero are to fault */
#define DISTANCE (256 * MIB)    /* left free between a range and the module above it */
#define HEAP_GROWTH (512 * MIB) /* left free above the heap, and above a module whose heap may start there */
#define STACK_GROWTH (1024 * MIB)

struct span {
  uint64_t start;
  uint64_t end;
};

/* The mapping and the room that it needs to grow. */
static struct span span_occupied(const struct hotreload_mapping *mapping) {
  struct span span = {mapping->start, mapping->end};
  if (strcmp(mapping->name, "[heap]") == 0)
    span.end += HEAP_GROWTH;
  if (strcmp(mapping->name, "[stack]") == 0)
    span.start -= span.start < STACK_GROWTH ? span.start : STACK_GROWTH;
  return span;
}

/* Highest address in [low, high) with `size` free bytes, 0 if there is none. */
static uint64_t find_from_above(const struct hotreload_maps *maps, struct span heap, uint64_t low, uint64_t high,
                                uint64_t size) {
  for (size_t i = maps->count + 1; i-- > 0;) {
    /* The hole above mapping i - 1; a mapping's room to grow is cut off the hole that it lies in. */
    uint64_t end = i == maps->count ? HOTRELOAD_USER_END : span_occupied(&maps->items[i]).start;
    uint64_t start = i == 0 ? LOWEST : span_occupied(&maps->items[i - 1]).end;
    end = end < high ? end : high;
    start = start > low ? start : low;
    if (heap.start < end && start < heap.end) {
      if (heap.end < end && end - heap.end >= size)
        start = heap.end;
      else
        end = heap.start;
    }
    if (start < end && end - start >= size)
      return hotreload_page_down(end - size);
  }
  return 0;
}

/* The heap may be empty still, and then it has no mapping: what it will need. */
static struct span span_heap(void) {
  uint64_t top = hotreload_page_up((uint64_t)syscall(SYS_brk, 0));
  return (struct span){top, top + HEAP_GROWTH};
}

static uint64_t place_find(const struct hotreload_maps *maps, uint64_t start, uint64_t end, uint64_t size) {
  uint64_t low = end > HOTRELOAD_REACH + LOWEST ? hotreload_page_up(end - HOTRELOAD_REACH) : LOWEST;
  uint64_t high = start + HOTRELOAD_REACH < HOTRELOAD_USER_END ? start + HOTRELOAD_REACH : HOTRELOAD_USER_END;
  struct span heap = span_heap();
  uint64_t place = 0;
  if (start > DISTANCE)
    place = find_from_above(maps, heap, low, start - DISTANCE, size);
  if (!place)
    place = find_from_above(maps, heap, low, start, size);
  if (!place)
    place = find_from_above(maps, heap, hotreload_page_up(end + HEAP_GROWTH), high, size);
  return place;
}

/* Maps [start, start + size) without access and without memory behind it, unless anything is mapped there.
 * Returns 0 or an errno value. */
static int range_map(uint64_t start, uint64_t size) {
  void *wanted = (void *)start;
  void *got = mmap(wanted, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
  if (got == MAP_FAILED)
    return errno;
  if (got == wanted)
    return 0;
  munmap(got, size); /* a kernel before 4.17 takes the address as a hint */
  return EEXIST;
}

static bool range_append(struct hotreload_ranges *ranges, struct hotreload_range range) {
  if (!hotreload_array_reserve(&ranges->items, &ranges->capacity, ranges->count + 1, sizeof range))
    return false;
  ranges->items[ranges->count++] = range;
  return true;
}

const struct hotreload_range *hotreload_ranges_reserve(struct hotreload_ranges *ranges, uint64_t start, uint64_t end,
                                                       uint64_t size, struct hotreload_error *error) {
  if (start >= end || end > HOTRELOAD_USER_END || size == 0 || size > HOTRELOAD_REACH) {
    hotreload_error_set(error, E_AGENT_RANGE, "%#llx bytes near [%#llx, %#llx)", (unsigned long long)size,
                        (unsigned long long)start, (unsigned long long)end);
    return NULL;
  }
  size = hotreload_page_up(size);
  for (int attempt = 0; attempt < 8; attempt++) { /* other threads map too, and may be faster */
    struct hotreload_maps maps;
    if (!hotreload_maps_read(&maps, error))
      return NULL;
    uint64_t place = place_find(&maps, start, end, size);
    hotreload_maps_free(&maps);
    int reason = place ? range_map(place, size) : ENOMEM;
    if (reason == EEXIST)
      continue;
    if (reason) {
      hotreload_error_set(error, E_AGENT_RANGE, "%#llx bytes near [%#llx, %#llx): %s", (unsigned long long)size,
                          (unsigned long long)start, (unsigned long long)end,
                          place ? "mmap failed" : "nothing free within 1.5 GiB");
      return NULL;
    }
    if (!range_append(ranges, (struct hotreload_range){.near = start, .start = place, .size = size})) {
      munmap((void *)place, size);
      hotreload_error_set(error, E_AGENT_MEMORY, "for a range");
      return NULL;
    }
    return &ranges->items[ranges->count - 1];
  }
  hotreload_error_set(error, E_AGENT_RANGE, "other threads took each one that was found");
  return NULL;
}

static const struct hotreload_range *range_at(const struct hotreload_ranges *ranges, uint64_t address) {
  for (size_t i = 0; i < ranges->count; i++)
    if (address >= ranges->items[i].start && address - ranges->items[i].start < ranges->items[i].size)
      return &ranges->items[i];
  return NULL;
}

bool hotreload_ranges_contain(const struct hotreload_ranges *ranges, uint64_t address) {
  return range_at(ranges, address) != NULL;
}

uint64_t hotreload_ranges_near(const struct hotreload_ranges *ranges, uint64_t address) {
  const struct hotreload_range *range = range_at(ranges, address);
  return range ? range->near : 0;
}

/* True if [start, start + size) lies inside one range and no part of it is in use. */
static bool place_free(const struct hotreload_ranges *ranges, uint64_t start, uint64_t size) {
  bool inside = false;
  for (size_t i = 0; i < ranges->count; i++) {
    const struct hotreload_range *range = &ranges->items[i];
    inside |= start >= range->start && size <= range->size && start - range->start <= range->size - size;
  }
  for (size_t i = 0; i < ranges->part_count; i++) {
    const struct hotreload_part *part = &ranges->parts[i];
    if (start < part->start + part->size && part->start < start + size)
      return false;
  }
  return inside;
}

bool hotreload_ranges_give(struct hotreload_ranges *ranges, uint64_t start, uint64_t size,
                           struct hotreload_error *error) {
  if (start % HOTRELOAD_PAGE || size % HOTRELOAD_PAGE || size == 0 || size > HOTRELOAD_USER_END || start > HOTRELOAD_USER_END || !place_free(ranges, start, size))
    return hotreload_error_set(error, E_AGENT_PLACE, "[%#llx, %#llx)", (unsigned long long)start,
                               (unsigned long long)(start + size));
  if (!hotreload_array_reserve(&ranges->parts, &ranges->part_capacity, ranges->part_count + 1, sizeof *ranges->parts))
    return hotreload_error_set(error, E_AGENT_MEMORY, "for a part of a range");
  if (munmap((void *)start, size) != 0) /* ENOMEM: the process has as many mappings as it may have */
    return hotreload_error_set(error, E_AGENT_MEMORY, "munmap of a part of a range: errno %d", errno);
  ranges->parts[ranges->part_count++] = (struct hotreload_part){.start = start, .size = size};
  return true;
}

void hotreload_ranges_take_back(struct hotreload_ranges *ranges, uint64_t start, uint64_t size) {
  for (size_t i = 0; i < ranges->part_count; i++) {
    if (ranges->parts[i].start != start || ranges->parts[i].size != size)
      continue;
    if (range_map(start, size) == 0)
      ranges->parts[i] = ranges->parts[--ranges->part_count];
    return;
  }
}
