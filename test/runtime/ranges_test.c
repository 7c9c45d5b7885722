/* Where ranges are reserved, and how parts of them are given and taken back. */
#include "ranges.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "expect.h"
#include "maps.h"
#include "modules.h"

#define MIB (1ull << 20)

/* Every byte of the range is within 1.5 GiB of every byte of the module. */
static bool near(const struct hotreload_range *range, uint64_t start, uint64_t end) {
  uint64_t range_end = range->start + range->size;
  if (range->start >= end)
    return range_end - start <= HOTRELOAD_REACH;
  return range_end <= start && end - range->start <= HOTRELOAD_REACH;
}

static bool mapped(uint64_t address) {
  unsigned char resident;
  return mincore((void *)(address & ~4095ull), 4096, &resident) == 0;
}

static void modules_test(void) {
  test_begin("a range is reserved near every loaded module, below it, and without access");
  static struct hotreload_ranges ranges;
  struct hotreload_error error = {0};
  struct hotreload_modules modules;
  EXPECT(hotreload_modules_read(&modules, &ranges, &error));
  for (size_t i = 0; i < modules.count; i++) {
    const struct hotreload_module *module = &modules.items[i];
    const struct hotreload_range *range =
        hotreload_ranges_reserve(&ranges, module->start, module->end, 16 * MIB, &error);
    if (!EXPECT(range != NULL))
      break;
    EXPECT(range->near == module->start && range->size == 16 * MIB && range->start % 4096 == 0);
    EXPECT(near(range, module->start, module->end));
    EXPECT(range->start + range->size <= module->start);
    EXPECT(hotreload_ranges_contain(&ranges, range->start));
    EXPECT(hotreload_ranges_contain(&ranges, range->start + range->size - 1));
    struct hotreload_maps maps;
    EXPECT(hotreload_maps_read(&maps, &error));
    const struct hotreload_mapping *mapping = hotreload_maps_at(&maps, range->start);
    EXPECT(mapping && mapping->protection == PROT_NONE && mapping->end >= range->start + range->size);
    hotreload_maps_free(&maps);
  }
  EXPECT(ranges.count == modules.count);
  hotreload_modules_free(&modules);
}

static void bottom_test(void) {
  test_begin("near a module at the bottom of the address space the range leaves the heap room to grow");
  static struct hotreload_ranges ranges;
  struct hotreload_error error = {0};
  uint64_t start = 0x400000, end = 0x500000;
  const struct hotreload_range *range = hotreload_ranges_reserve(&ranges, start, end, 64 * MIB, &error);
  if (EXPECT(range != NULL)) {
    EXPECT(near(range, start, end));
    EXPECT(range->start >= end + 512 * MIB);
  }
  range = hotreload_ranges_reserve(&ranges, start, end, 1 * MIB, &error);
  if (EXPECT(range != NULL))
    EXPECT(near(range, start, end) && range->start + range->size <= start);

  test_begin("a range above a module keeps away from the heap");
  uint64_t heap = (uint64_t)sbrk(0);
  /* A module that ends where the heap may begin, with nothing free below it within reach. */
  start = heap - 3 * HOTRELOAD_REACH / 2;
  range = hotreload_ranges_reserve(&ranges, start, heap, 64 * MIB, &error);
  EXPECT(range == NULL); /* the module alone is as long as the reach */
  EXPECT_ERROR(error, E_AGENT_RANGE);
}

static void limits_test(void) {
  test_begin("numbers that cannot be are refused");
  static struct hotreload_ranges ranges;
  const uint64_t wrong[][3] = {
      {0x500000, 0x400000, 4096},           {0x400000, 0x400000, 4096},      {0x400000, 0x500000, 0},
      {0x400000, 0x500000, 1ull << 40},     {0x400000, ~0ull, 4096},         {~0ull - 4096, ~0ull, 4096},
      {0x400000, 0x500000, ~0ull},          {0x400000, (1ull << 47) + 1, 1}, {0, 1ull << 47, 4096},
      {0x400000, 0x500000, HOTRELOAD_REACH}};
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
    struct hotreload_error error = {0};
    EXPECT(!hotreload_ranges_reserve(&ranges, wrong[i][0], wrong[i][1], wrong[i][2], &error));
    EXPECT_ERROR(error, E_AGENT_RANGE);
  }
  EXPECT(ranges.count == 0);
}

static void parts_test(void) {
  static struct hotreload_ranges ranges;
  struct hotreload_error error = {0};
  uint64_t near_start = (uint64_t)parts_test & ~4095ull;
  const struct hotreload_range *range =
      hotreload_ranges_reserve(&ranges, near_start, near_start + 4096, 1 * MIB, &error);
  test_begin("exactly the part that is asked for is given, once");
  if (!EXPECT(range != NULL))
    return;
  uint64_t start = range->start;
  EXPECT(hotreload_ranges_give(&ranges, start + 8192, 8192, &error));
  EXPECT(mapped(start + 4096) && !mapped(start + 8192) && !mapped(start + 12288) && mapped(start + 16384));
  EXPECT(!hotreload_ranges_give(&ranges, start + 8192, 8192, &error));
  EXPECT(!hotreload_ranges_give(&ranges, start + 12288, 8192, &error));
  EXPECT(!hotreload_ranges_give(&ranges, start, 12288, &error));
  EXPECT_ERROR(error, E_AGENT_PLACE);

  test_begin("a part that was taken back can be given again");
  hotreload_ranges_take_back(&ranges, start + 8192, 8192);
  EXPECT(mapped(start + 8192) && ranges.part_count == 0);
  EXPECT(hotreload_ranges_give(&ranges, start, 16384, &error));
  hotreload_ranges_take_back(&ranges, start, 16384);

  test_begin("a part that something else occupies meanwhile stays out of use");
  EXPECT(hotreload_ranges_give(&ranges, start, 8192, &error));
  void *foreign = mmap((void *)start, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
  EXPECT(foreign == (void *)start);
  hotreload_ranges_take_back(&ranges, start, 8192);
  EXPECT(!hotreload_ranges_give(&ranges, start, 8192, &error));
  EXPECT(*(volatile char *)foreign == 0); /* nobody mapped over it */

  test_begin("what lies outside the ranges is never given");
  const uint64_t outside[][2] = {{start - 4096, 8192},        {start + 1 * MIB - 4096, 8192}, {start + 32768, 0},
                                 {start + 32769, 4096},       {start + 32768, 4097},          {0, 4096},
                                 {near_start, 4096},          {start + 32768, ~0ull - 4095},  {~0ull - 4095, 4096},
                                 {start + 32768, 1ull << 63}, {1ull << 63, 4096}};
  for (size_t i = 0; i < sizeof outside / sizeof outside[0]; i++) {
    EXPECT(!hotreload_ranges_give(&ranges, outside[i][0], outside[i][1], &error));
    EXPECT_ERROR(error, E_AGENT_PLACE);
  }
}

int main(void) {
  modules_test();
  bottom_test();
  limits_test();
  parts_test();
  return test_done();
}
