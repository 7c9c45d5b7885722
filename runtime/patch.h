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
#define HOTRELOAD_PATCH_VERSION 2u

/* One function: calls to `entry` are to continue at `target`. Both are addresses in the process. */
struct hotreload_redirect {
  uint64_t entry;  /* canonical entry: the function's address when it first appeared */
  uint64_t target; /* its newest body, in this library */
};

/* One constant or variable of the program: it gets the contents of `source`. All are addresses in the process. */
struct hotreload_write {
  uint64_t address;
  uint64_t size;
  uint64_t source;   /* the new bytes, in this library */
  uint64_t expected; /* the bytes that it must have now, or else it stays as it is, in this library; 0: any */
};

/* New variables: `function`, a void (*)(void), constructs them when `guard`, an int (*)(void (*)(void)), is called with
 * it. `guard` returns 0 if an exception came out of it. */
struct hotreload_call {
  uint64_t guard;
  uint64_t function;
};

/* Followed by its redirects, its writes and its calls, in this order. */
struct hotreload_patch {
  uint64_t magic;
  uint32_t version;
  uint32_t redirect_count;
  uint64_t start; /* address of the library's first byte: where its first segment must be loaded */
  uint64_t size;  /* bytes from `start` to the end of its last segment, rounded up to pages */
  uint32_t write_count;
  uint32_t call_count;
  struct hotreload_redirect redirects[];
};

static inline const struct hotreload_write *hotreload_patch_writes(const struct hotreload_patch *patch) {
  return (const struct hotreload_write *)(const void *)(patch->redirects + patch->redirect_count);
}

static inline const struct hotreload_call *hotreload_patch_calls(const struct hotreload_patch *patch) {
  return (const struct hotreload_call *)(const void *)(hotreload_patch_writes(patch) + patch->write_count);
}

#endif
