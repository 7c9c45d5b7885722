/* A command of the dev server carried out, and its answer written. */
#include "command.h"

#include <unistd.h>

#include "apply.h"
#include "crash.h"
#include "hooks.h"
#include "message.h"
#include "modules.h"
#include "stat.h"
#include "undo.h"

void hotreload_command_greet(const struct hotreload_process *process, const char *name,
                             struct hotreload_text *answer) {
  struct hotreload_error error;
  struct hotreload_modules modules;
  struct hotreload_stat stat;
  if (!hotreload_stat_read(&stat) || !hotreload_modules_read(&modules, &process->ranges, &error)) {
    answer->failed = true;
    return;
  }
  const struct hotreload_identity identity = {
      .pid = getpid(),
      .parent_pid = getppid(),
      .start_time = stat.start_time,
      .executable = modules.count ? modules.items[0].path : "",
      .name = name,
  };
  hotreload_message_hello(answer, &identity, &modules, process);
  hotreload_modules_free(&modules);
}

static bool survey(const struct hotreload_process *process, const struct hotreload_command *command,
                   struct hotreload_text *answer, struct hotreload_error *error) {
  struct hotreload_modules modules;
  if (!hotreload_modules_read(&modules, &process->ranges, error))
    return false;
  hotreload_message_surveyed(answer, command->id, &modules);
  hotreload_modules_free(&modules);
  return true;
}

static bool reserve(struct hotreload_process *process, const struct hotreload_command *command,
                    struct hotreload_text *answer, struct hotreload_error *error) {
  const struct hotreload_range *range =
      hotreload_ranges_reserve(&process->ranges, command->start, command->end, command->size, error);
  if (range)
    hotreload_message_reserved(answer, command->id, range);
  return range != NULL;
}

static bool apply(struct hotreload_process *process, const char *patches, const struct hotreload_command *command,
                  struct hotreload_text *answer, struct hotreload_error *error) {
  struct hotreload_timing timing;
  hotreload_crash_watch(patches); /* new code may be called at once */
  const struct hotreload_applied *applied = hotreload_patch_apply(
      process, command->patch, command->libraries, command->library_count, patches, &timing, error);
  if (applied)
    hotreload_message_applied(answer, command->id, applied, &timing);
  return applied != NULL;
}

static bool turn(struct hotreload_process *process, const struct hotreload_command *command,
                 struct hotreload_text *answer, struct hotreload_error *error) {
  uint64_t nanoseconds;
  bool done = command->kind == HOTRELOAD_UNDO
                  ? hotreload_patch_undo(process, command->patch, &nanoseconds, error)
                  : hotreload_patch_redo(process, command->patch, &nanoseconds, error);
  if (done)
    hotreload_message_turned(answer, command, nanoseconds);
  return done;
}

/* Applies, undoes or redoes, if the program's callbacks agree. */
static bool change(struct hotreload_process *process, const char *patches, const struct hotreload_command *command,
                   struct hotreload_text *answer, struct hotreload_error *error) {
  static const enum hotreload_kind kinds[] = {[HOTRELOAD_APPLY] = HOTRELOAD_KIND_RELOAD,
                                              [HOTRELOAD_UNDO] = HOTRELOAD_KIND_UNDO,
                                              [HOTRELOAD_REDO] = HOTRELOAD_KIND_REDO};
  struct hotreload_change told = {
      .kind = kinds[command->kind],
      .patch = command->patch,
      .functions = (const char *const *)command->functions,
      .function_count = command->function_count,
      .files = (const char *const *)command->files,
      .file_count = command->file_count,
  };
  if (!hotreload_hooks_before(&told, error))
    return false;
  bool done = command->kind == HOTRELOAD_APPLY ? apply(process, patches, command, answer, error)
                                               : turn(process, command, answer, error);
  process->changes += done;
  told.failed = done ? NULL : error->message;
  hotreload_hooks_after(&told);
  return done;
}

bool hotreload_command_waits(const char *text, size_t length, uint64_t *id) {
  struct hotreload_command command;
  struct hotreload_error error;
  if (!hotreload_command_decode(&command, text, length, &error))
    return false;
  bool changes = hotreload_command_changes(&command);
  *id = command.id;
  hotreload_command_free(&command);
  return changes;
}

bool hotreload_command_run(struct hotreload_process *process, const char *patches, const char *text, size_t length,
                           struct hotreload_text *answer) {
  struct hotreload_command command;
  struct hotreload_error error;
  if (!hotreload_command_decode(&command, text, length, &error)) {
    hotreload_message_refused(answer, command.id, &error);
    return false;
  }
  bool done = false;
  switch (command.kind) {
  case HOTRELOAD_SURVEY:
    done = survey(process, &command, answer, &error);
    break;
  case HOTRELOAD_RESERVE:
    done = reserve(process, &command, answer, &error);
    break;
  case HOTRELOAD_APPLY:
  case HOTRELOAD_UNDO:
  case HOTRELOAD_REDO:
    done = change(process, patches, &command, answer, &error);
    break;
  }
  if (!done)
    hotreload_message_refused(answer, command.id, &error);
  hotreload_command_free(&command);
  return true;
}
