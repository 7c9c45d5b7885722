// The least that loads a patch: what the agent does, without its care. For tests of what is linked and bound.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "runtime/patch.h"

#define ROOM 0x1000000ul

static const char *patched;
static char *range;
static unsigned long room = ROOM;

/// Standard output is what the test reads.
static void die(const char *what, const char *why) {
  printf("failed: %s: %s\n", what, why);
  exit(1);
}

/// Keeps a range of addresses near the module, below or above it.
static void *reserve(unsigned long start, unsigned long end) {
  for (unsigned long distance = ROOM; distance < 0x60000000ul; distance += ROOM) {
    const unsigned long places[] = {start > distance + ROOM ? (start - distance) & ~0xffful : 0, (end + distance) & ~0xffful};
    for (int i = 0; i < 2; i++) {
      if (places[i] == 0) continue;
      void *got = mmap((void *)places[i], ROOM, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
      if (got == (void *)places[i]) return got;
      if (got != MAP_FAILED) munmap(got, ROOM);
    }
  }
  die("reserve", "no free range");
  return NULL;
}

static int show(struct dl_phdr_info *info, size_t size, void *first) {
  unsigned long start = ~0ul, end = 0;
  for (int i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
    if (segment->p_type != PT_LOAD) continue;
    if (segment->p_vaddr < start) start = segment->p_vaddr;
    if (segment->p_vaddr + segment->p_memsz > end) end = segment->p_vaddr + segment->p_memsz;
  }
  char path[4096];
  if (info->dlpi_name[0] ? !realpath(info->dlpi_name, path) : !realpath("/proc/self/exe", path)) return 0;
  printf("module %s %lu %lu\n", path, (unsigned long)info->dlpi_addr, (unsigned long)info->dlpi_tls_modid);
  if (strcmp(path, patched) == 0) range = reserve(info->dlpi_addr + start, info->dlpi_addr + end);
  (void)size;
  (void)first;
  return 0;
}

void survey(const char *module) {
  patched = module;
  dl_iterate_phdr(show, NULL);
  if (!range) die("survey", "the module is not loaded");
  printf("range %lu %lu\nready\n", (unsigned long)range, ROOM);
  fflush(stdout);
}

static void redirect(unsigned char *entry, const unsigned char *target) {
  const unsigned char landing[] = {0xf3, 0x0f, 0x1e, 0xfa};
  const int guarded = memcmp(entry, landing, sizeof landing) == 0;
  if (mprotect((void *)(((unsigned long)entry - 16) & ~0xffful), 0x2000, PROT_READ | PROT_WRITE | PROT_EXEC) != 0) die("mprotect", "");
  const int distance = (int)(target - entry);
  entry[-5] = 0xe9;
  memcpy(entry - 4, &distance, sizeof distance);
  unsigned char *mark = guarded ? entry + 4 : entry;
  mark[0] = 0xeb;
  mark[1] = guarded ? 0xf5 : 0xf9;
}

/// The patch goes to the start of what is left of the range.
void apply(const char *library) {
  munmap(range, room);
  void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
  if (!handle) die("dlopen", dlerror());
  const struct hotreload_patch *patch = dlsym(handle, HOTRELOAD_PATCH_SYMBOL);
  if (!patch || patch->magic != HOTRELOAD_PATCH_MAGIC) die("patch", "has no table");
  if ((char *)patch->start != range) die("patch", "is not where it was linked for");
  struct link_map *map;
  if (dlinfo(handle, RTLD_DI_LINKMAP, &map) != 0 || map->l_addr != 0) die("patch", "was moved");
  for (unsigned i = 0; i < patch->redirect_count; i++) {
    redirect((unsigned char *)patch->redirects[i].entry, (const unsigned char *)patch->redirects[i].target);
  }
  range += patch->size;
  room -= patch->size;
  printf("applied %u %lu\n", patch->redirect_count, patch->size);
  fflush(stdout);
  const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE;
  if (mmap(range, room, PROT_NONE, flags, -1, 0) == MAP_FAILED) die("range", "is taken");
}
