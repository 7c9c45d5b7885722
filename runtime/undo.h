/* Undo and redo: functions sent back to what they ran before the last patch, and forth again. */
#ifndef HOTRELOAD_UNDO_H
#define HOTRELOAD_UNDO_H

#include <stdint.h>

#include "errors.h"
#include "process.h"

/* Undoes patch `number`, which must be the last one that stands: each of its functions runs what it ran before,
 * which may be its own first code, and what it wrote into data has its old contents again, unless the program changed it
 * since. What constructors did stays. Nothing is loaded or unloaded, and no thread is stopped; a call that is under way
 * goes on in its code. `*nanoseconds` gets the time from the first to the last word written.
 * Errors: E_AGENT_UNDO, and those of hotreload_redirect_write: then everything is as it was. */
bool hotreload_patch_undo(struct hotreload_process *process, uint64_t number, uint64_t *nanoseconds,
                          struct hotreload_error *error);

/* Redoes patch `number`, which must be the first one that is undone. Errors: the same. */
bool hotreload_patch_redo(struct hotreload_process *process, uint64_t number, uint64_t *nanoseconds,
                          struct hotreload_error *error);

/* A new patch was applied: what is undone cannot be redone any more. */
void hotreload_undone_abandon(struct hotreload_process *process);

#endif
