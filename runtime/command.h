/* A command of the dev server carried out, and its answer written. */
#ifndef HOTRELOAD_COMMAND_H
#define HOTRELOAD_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "process.h"
#include "text.h"

/* Writes the first message of a connection; without memory or /proc the answer is failed. */
void hotreload_command_greet(const struct hotreload_process *process, struct hotreload_text *answer);

/* Carries out one command, whose patch libraries must lie in `patches`, and writes exactly one answer: what was asked
 * for, or `refused`. Returns false if the text was no command. */
bool hotreload_command_run(struct hotreload_process *process, const char *patches, const char *text, size_t length,
                           struct hotreload_text *answer);

#endif
