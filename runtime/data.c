/* Data of the program that gets other contents while threads read it: checked, made writable, written, put back. */
#include "data.h"

#include <elf.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "pages.h"

bool hotreload_data_plan(struct hotreload_data *data, const struct hotreload_segments *segments,
                         const struct hotreload_maps *maps, struct hotreload_error *error) {
  for (size_t i = 0; i < data->count; i++) {
    struct hotreload_data_item *item = &data->items[i];
    uint64_t address = item->write->address, size = item->write->size;
    const struct hotreload_segment *segment = hotreload_segments_at(segments, address);
    const struct hotreload_mapping *mapping = hotreload_maps_at(maps, address);
    if (!segment || !mapping || size > segment->end - address || size > mapping->end - address)
      return hotreload_error_set(error, E_AGENT_DATA, "%#llx is not in data of a loaded module",
                                 (unsigned long long)address);
    item->protection = mapping->protection;
    item->kept = false;
  }
  return true;
}

static int item_protect(const struct hotreload_data_item *item, int protection) {
  uint64_t start = hotreload_page_down(item->write->address);
  uint64_t end = hotreload_page_up(item->write->address + item->write->size);
  return mprotect((void *)start, end - start, protection);
}

static void items_close(const struct hotreload_data *data, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (!(data->items[i].protection & PROT_WRITE))
      item_protect(&data->items[i], data->items[i].protection);
}

bool hotreload_data_open(const struct hotreload_data *data, struct hotreload_error *error) {
  for (size_t i = 0; i < data->count; i++) {
    const struct hotreload_data_item *item = &data->items[i];
    if ((item->protection & PROT_WRITE) || item_protect(item, item->protection | PROT_WRITE) == 0)
      continue;
    int reason = errno;
    items_close(data, i);
    return hotreload_error_set(error, E_AGENT_PROTECT, "mprotect of the data at %#llx: errno %d",
                               (unsigned long long)item->write->address, reason);
  }
  return true;
}

void hotreload_data_close(const struct hotreload_data *data) {
  items_close(data, data->count);
}

/* The largest piece at `address` that is aligned to its size and no longer than `size` and eight bytes. */
static uint64_t piece_size(uint64_t address, uint64_t size) {
  uint64_t piece = 8;
  while (piece > size || address % piece)
    piece /= 2;
  return piece;
}

/* Writes the piece if it still has the expected bytes, or in any case if none are given. False if it has not. */
#define PIECE_STORE(type)                                                                                     \
  static bool store_##type(type *place, const void *expected, const void *source) {                           \
    type old, now;                                                                                            \
    memcpy(&now, source, sizeof now);                                                                         \
    if (!expected) {                                                                                          \
      __atomic_store_n(place, now, __ATOMIC_RELEASE);                                                         \
      return true;                                                                                            \
    }                                                                                                         \
    memcpy(&old, expected, sizeof old);                                                                       \
    return __atomic_compare_exchange_n(place, &old, now, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);          \
  }
PIECE_STORE(uint64_t)
PIECE_STORE(uint32_t)
PIECE_STORE(uint16_t)
PIECE_STORE(uint8_t)

static bool piece_store(uint64_t address, uint64_t size, const void *expected, const void *source) {
  switch (size) {
  case 8:
    return store_uint64_t((void *)address, expected, source);
  case 4:
    return store_uint32_t((void *)address, expected, source);
  case 2:
    return store_uint16_t((void *)address, expected, source);
  default:
    return store_uint8_t((void *)address, expected, source);
  }
}

/* True if the item has the new bytes, be it since another library of the patch wrote them as well. */
static bool item_store(const struct hotreload_write *write) {
  const char *source = (const char *)write->source, *expected = (const char *)write->expected;
  const void *place = (const void *)write->address;
  bool whole = piece_size(write->address, write->size) == write->size;
  if (memcmp(place, source, write->size) == 0)
    return true;
  if (expected && !whole && memcmp(place, expected, write->size) != 0)
    return false;
  bool stored = true;
  for (uint64_t at = 0, size; at < write->size; at += size) {
    size = piece_size(write->address + at, write->size - at);
    stored = piece_store(write->address + at, size, expected ? expected + at : NULL, source + at);
  }
  return stored || !whole;
}

void hotreload_data_store(struct hotreload_data *data) {
  for (size_t i = 0; i < data->count; i++) {
    struct hotreload_data_item *item = &data->items[i];
    if (item->saved)
      memcpy(item->saved, (const void *)item->write->address, item->write->size);
    item->kept = !item_store(item->write);
  }
}
