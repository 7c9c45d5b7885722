/* The loaded segments of all modules, and a hold under which none of them can be unloaded.
 *
 * A host may dlclose a plugin at any time. dl_iterate_phdr runs its callback under the lock that dlclose needs to
 * unmap a module (glibc, elf/dl-iteratephdr.c and elf/dl-close.c), and tells how many modules were ever unloaded:
 * if that number is what it was when the segments were listed, all of them are still there.
 */
#include "segments.h"

#include <link.h>
#include <stdlib.h>

#include "array.h"

struct listing {
  struct hotreload_segments *segments;
  bool failed;
};

static int segments_visit(struct dl_phdr_info *info, size_t size, void *data) {
  (void)size;
  struct listing *listing = data;
  struct hotreload_segments *segments = listing->segments;
  segments->unloads = info->dlpi_subs;
  for (int i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr) *header = &info->dlpi_phdr[i];
    if (header->p_type != PT_LOAD)
      continue;
    if (!hotreload_array_reserve(&segments->items, &segments->capacity, segments->count + 1,
                                 sizeof *segments->items)) {
      listing->failed = true;
      return 1;
    }
    uint64_t start = info->dlpi_addr + header->p_vaddr;
    segments->items[segments->count++] =
        (struct hotreload_segment){.start = start, .end = start + header->p_memsz, .flags = header->p_flags};
  }
  return 0;
}

static int segments_compare(const void *left, const void *right) {
  const struct hotreload_segment *a = left, *b = right;
  return a->start < b->start ? -1 : a->start > b->start;
}

bool hotreload_segments_read(struct hotreload_segments *segments, struct hotreload_error *error) {
  *segments = (struct hotreload_segments){0};
  struct listing listing = {.segments = segments};
  dl_iterate_phdr(segments_visit, &listing);
  if (listing.failed) {
    hotreload_segments_free(segments);
    return hotreload_error_set(error, E_AGENT_MEMORY, "for the list of segments");
  }
  qsort(segments->items, segments->count, sizeof *segments->items, segments_compare);
  return true;
}

const struct hotreload_segment *hotreload_segments_at(const struct hotreload_segments *segments, uint64_t address) {
  size_t low = 0, high = segments->count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    const struct hotreload_segment *segment = &segments->items[middle];
    if (address < segment->start)
      high = middle;
    else if (address >= segment->end)
      low = middle + 1;
    else
      return segment;
  }
  return NULL;
}

struct hold {
  uint64_t unloads;
  bool held;
  void (*visit)(void *data);
  void *data;
};

static int hold_visit(struct dl_phdr_info *info, size_t size, void *data) {
  (void)size;
  struct hold *hold = data;
  hold->held = info->dlpi_subs == hold->unloads;
  if (hold->held)
    hold->visit(hold->data);
  return 1; /* one call is enough */
}

bool hotreload_segments_hold(const struct hotreload_segments *segments, void (*visit)(void *data), void *data) {
  struct hold hold = {.unloads = segments->unloads, .visit = visit, .data = data};
  dl_iterate_phdr(hold_visit, &hold);
  return hold.held;
}

void hotreload_segments_free(struct hotreload_segments *segments) {
  free(segments->items);
  *segments = (struct hotreload_segments){0};
}
