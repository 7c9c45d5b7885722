/* Redirecting functions while threads run them: pages made writable, words written, pages put back. */
#ifndef HOTRELOAD_REDIRECT_H
#define HOTRELOAD_REDIRECT_H

#include <stddef.h>
#include <stdint.h>

#include "data.h"
#include "errors.h"
#include "patch.h"
#include "ranges.h"

/* Tells the kernel that this process will ask all its cores to notice changed code. Once in the life of a process;
 * costs nothing while there is one thread, some milliseconds afterwards. */
void hotreload_redirect_prepare(void);

/* The target of a function that is to run its own code again: that of its first version. */
#define HOTRELOAD_OWN_CODE 0

/* Sends each entry to its target: all of them, or none. The functions may be running in any number of threads, none
 * of which is stopped. Each target must lie in code that is loaded for good; `count` may be 0. The list is sorted.
 * `*nanoseconds` gets the time from the first to the last word written.
 * Errors: E_AGENT_ENTRY (not in code of a loaded module, bytes not known, the same entry twice),
 * E_AGENT_BREAKPOINT, E_AGENT_TARGET, E_AGENT_PROTECT, E_AGENT_UNLOADING, E_AGENT_MAPPINGS, E_AGENT_MEMORY,
 * E_AGENT_PROC, E_AGENT_DATA: the program is as it was. */
bool hotreload_redirect_write(struct hotreload_redirect *list, size_t count, struct hotreload_data *data,
                              const struct hotreload_ranges *ranges, uint64_t *nanoseconds,
                              struct hotreload_error *error);

/* Checks what hotreload_redirect_write would refuse, and writes nothing. Errors: the same. */
bool hotreload_redirect_check(struct hotreload_redirect *list, size_t count, struct hotreload_data *data,
                              const struct hotreload_ranges *ranges, struct hotreload_error *error);

#endif
