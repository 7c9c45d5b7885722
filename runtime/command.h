/* A command of the dev server carried out, and its answer written. */
#ifndef HOTRELOAD_COMMAND_H
#define HOTRELOAD_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "process.h"
#include "text.h"

/* Writes the first message of a connection; without memory or /proc the answer is failed. */
void hotreload_command_greet(const struct hotreload_process *process, const char *name,
                             struct hotreload_text *answer);

/* True, with its id, if the text is a command that a program may want to take at a point of its own. */
bool hotreload_command_waits(const char *text, size_t length, uint64_t *id);

/* Carries out one command, whose patch libraries must lie in `patches`, and writes exactly one answer: what was asked
 * for, or `refused`. Returns false if the text was no command. */
bool hotreload_command_run(struct hotreload_process *process, const char *patches, const char *text, size_t length,
                           struct hotreload_text *answer);

#endif
