/* The messages of the wire contract (devserver/protocol.ts): commands decoded, answers encoded. */
#ifndef HOTRELOAD_MESSAGE_H
#define HOTRELOAD_MESSAGE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "apply.h"
#include "errors.h"
#include "modules.h"
#include "process.h"
#include "state.h"
#include "text.h"

enum hotreload_command_kind { HOTRELOAD_SURVEY, HOTRELOAD_RESERVE, HOTRELOAD_APPLY, HOTRELOAD_UNDO, HOTRELOAD_REDO };

struct hotreload_command {
  enum hotreload_command_kind kind;
  uint64_t id;
  uint64_t start; /* reserve */
  uint64_t end;
  uint64_t size;
  uint64_t patch; /* apply, undo, redo */
  char **libraries; /* apply */
  size_t library_count;
  char **functions; /* apply, undo, redo: what the program is told */
  size_t function_count;
  char **files;
  size_t file_count;
};

/* Who says hello. */
struct hotreload_identity {
  pid_t pid;
  pid_t parent_pid;
  uint64_t start_time; /* field 22 of /proc/PID/stat: clock ticks since boot */
  const char *executable;
  const char *name; /* that the program gave itself, "" if none */
};

/* Decodes a command. Whatever the result, `command->id` is the id as far as it could be read, else 0.
 * Errors: E_AGENT_MESSAGE (not JSON, an unknown type, a missing, unknown or wrong field). On success the caller frees
 * the command. */
bool hotreload_command_decode(struct hotreload_command *command, const char *text, size_t length,
                              struct hotreload_error *error);

/* True if it changes what the program runs. */
bool hotreload_command_changes(const struct hotreload_command *command);

void hotreload_command_free(struct hotreload_command *command);

/* Each writes one message. */
void hotreload_message_hello(struct hotreload_text *text, const struct hotreload_identity *identity,
                             const struct hotreload_modules *modules, const struct hotreload_process *process);
void hotreload_message_surveyed(struct hotreload_text *text, uint64_t id, const struct hotreload_modules *modules);
void hotreload_message_reserved(struct hotreload_text *text, uint64_t id, const struct hotreload_range *range);
void hotreload_message_applied(struct hotreload_text *text, uint64_t id, const struct hotreload_applied *applied,
                               const struct hotreload_timing *timing);
/* The answer to undo or redo. */
void hotreload_message_turned(struct hotreload_text *text, const struct hotreload_command *command,
                              uint64_t nanoseconds);
/* The command waits until the program takes it; its answer comes then. */
void hotreload_message_waiting(struct hotreload_text *text, uint64_t id);
void hotreload_message_named(struct hotreload_text *text, const char *name);
/* The program asks to be brought up to date. */
void hotreload_message_wish(struct hotreload_text *text);
/* What became of a block that the process before had left. */
void hotreload_message_state(struct hotreload_text *text, const struct hotreload_state_news *news);
void hotreload_message_refused(struct hotreload_text *text, uint64_t id, const struct hotreload_error *error);

#endif
