/* The executable and the shared libraries that are loaded in this process, as the dynamic loader lists them. */
#ifndef HOTRELOAD_MODULES_H
#define HOTRELOAD_MODULES_H

#include <stddef.h>
#include <stdint.h>

#include "errors.h"
#include "ranges.h"

struct hotreload_module {
  char *path;
  char build_id[129]; /* NT_GNU_BUILD_ID in lower-case hexadecimal, "" if it has none */
  uint64_t bias;      /* address in the process minus address in the file */
  uint64_t start;     /* first byte, and the byte after the last, of its loaded segments */
  uint64_t end;
  uint64_t tls_module; /* the dynamic loader's TLS module id, 0 if it has no TLS segment */
};

struct hotreload_modules {
  struct hotreload_module *items; /* in load order, the executable first */
  size_t count;
  size_t capacity;
};

/* Path of this process's executable, from /proc; if the file was replaced meanwhile, the path that it had.
 * Returns false if /proc cannot be read. `path` has room for PATH_MAX bytes. */
bool hotreload_executable_path(char *path);

/* Lists what is loaded: all but the kernel's vdso, which no file stands behind, and the libraries that lie in
 * the ranges, which are patches.
 * Errors: E_AGENT_MEMORY, E_AGENT_PROC. On success the caller owns the list. */
bool hotreload_modules_read(struct hotreload_modules *modules, const struct hotreload_ranges *ranges,
                            struct hotreload_error *error);

void hotreload_modules_free(struct hotreload_modules *modules);

#endif
