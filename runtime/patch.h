/* The patch format: what a patch library tells the runtime that loads it.
 *
 * A patch library is an ordinary ELF shared object, linked for one address in one process (its first PT_LOAD has
 * that address as p_vaddr, so that its load bias is 0). It exports one symbol, `hotreload_patch`, which names the
 * structure below. plugin/elf writes it, runtime reads it; nothing else is shared by the two.
 */
#ifndef HOTRELOAD_PATCH_H
#define HOTRELOAD_PATCH_H

#include <stdint.h>

#define HOTRELOAD_PATCH_SYMBOL "hotreload_patch"
#define HOTRELOAD_PATCH_MAGIC 0x48435441504c5248ull /* "HRLPATCH", little-endian */
#define HOTRELOAD_PATCH_VERSION 1u

/* One function: calls to `entry` are to continue at `target`. Both are addresses in the process. */
struct hotreload_redirect {
  uint64_t entry;  /* canonical entry: the function's address when it first appeared */
  uint64_t target; /* its newest body, in this library */
};

struct hotreload_patch {
  uint64_t magic;
  uint32_t version;
  uint32_t redirect_count;
  uint64_t start; /* address of the library's first byte: where its first segment must be loaded */
  uint64_t size;  /* bytes from `start` to the end of its last segment, rounded up to pages */
  struct hotreload_redirect redirects[];
};

#endif
