/* Applying a patch: libraries checked, loaded and read, new variables constructed, then data written and functions
 * redirected; all of it or nothing. */
#ifndef HOTRELOAD_APPLY_H
#define HOTRELOAD_APPLY_H

#include <stddef.h>
#include <stdint.h>

#include "errors.h"
#include "process.h"

struct hotreload_timing {
  uint64_t load_nanoseconds;     /* in dlopen, all libraries */
  uint64_t redirect_nanoseconds; /* from the first to the last word written */
};

/* Applies patch `number`, whose libraries lie below `directory`, and adds it to the process. Returns the patch, valid
 * until the next one is added; NULL on failure: then every library of it is unloaded, the ranges are as they were,
 * and the program runs what it ran.
 * New variables are constructed in the calling thread, once all that can be checked beforehand was. From then on no
 * library of the patch is unloaded: others may know of what the constructors made.
 * Errors: E_AGENT_ORDER, E_AGENT_CONSTRUCTOR (an exception came out of a constructor), and those of library.h and
 * redirect.h. */
const struct hotreload_applied *hotreload_patch_apply(struct hotreload_process *process, uint64_t number,
                                                      char *const *paths, size_t count, const char *directory,
                                                      struct hotreload_timing *timing,
                                                      struct hotreload_error *error);

#endif
