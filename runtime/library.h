/* A patch library: checked as a file, loaded where it was linked for, and read. */
#ifndef HOTRELOAD_LIBRARY_H
#define HOTRELOAD_LIBRARY_H

#include <stdint.h>

#include "errors.h"
#include "extent.h"
#include "patch.h"
#include "ranges.h"

/* All zero is no library. */
struct hotreload_library {
  char *path; /* as the server named it */
  struct hotreload_extent extent;
  uint64_t tls_module;                 /* 0 if it has no TLS segment */
  void *handle;                        /* of dlopen, NULL while it is not loaded */
  void *pin;                           /* keeps its module loaded, see pin.h */
  const struct hotreload_patch *patch; /* inside the loaded library */
  uint32_t *kept;                      /* which of its writes left the program's data alone, rising */
  uint32_t kept_count;                 /* there is room for all of them */
  char *saved;                         /* what its writes replaced, one behind the other */
};

/* Checks the file: it lies inside `directory` (absolute), both are the effective user's own and nobody else can
 * write them, no symbolic link at its end; a complete shared library. Nothing is mapped.
 * Errors: E_AGENT_OUTSIDE, E_AGENT_OWNER, E_AGENT_FILE, E_AGENT_ELF, E_AGENT_MEMORY. On success the caller frees
 * the library. */
bool hotreload_library_inspect(struct hotreload_library *library, const char *path, const char *directory,
                               struct hotreload_error *error);

/* Loads an inspected library into the ranges: gives up exactly the part it needs, and takes it back on failure.
 * Its constructors run. The module that the range was reserved for stays loaded from now on.
 * Errors: E_AGENT_PLACE, E_AGENT_LOAD, E_AGENT_MOVED, E_AGENT_UNLOADING, E_AGENT_MEMORY. */
bool hotreload_library_load(struct hotreload_library *library, struct hotreload_ranges *ranges,
                            struct hotreload_error *error);

/* Finds the patch in a loaded library and checks all of it that does not depend on other modules: magic number,
 * version, size and place, that the table lies within the library, and what it refers to in the library's code and data.
 * Errors: E_AGENT_FORMAT, E_AGENT_TARGET, E_AGENT_MEMORY. */
bool hotreload_library_read(struct hotreload_library *library, struct hotreload_error *error);

/* Unloads a library that nothing was redirected to, if it is loaded, and takes its place back. */
void hotreload_library_unload(struct hotreload_library *library, struct hotreload_ranges *ranges);

/* Gives the memory of the description back; the library stays as it is. */
void hotreload_library_free(struct hotreload_library *library);

#endif
