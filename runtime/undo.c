/* Undo and redo: functions sent back to what they ran before the last patch, and forth again.
 *
 * A function runs the body of the last standing patch that redirects it, or else its own code.
 */
#include "undo.h"

#include <stdlib.h>

#include "demands.h"
#include "redirect.h"

static int redirect_compare(const void *left, const void *right) {
  const struct hotreload_redirect *a = left, *b = right;
  return a->entry < b->entry ? -1 : a->entry > b->entry;
}

/* Gives each function of the list, which is sent to its own code, the target that it had from the patches before index
 * `end`, if any. */
static void targets_before(const struct hotreload_process *process, size_t end, struct hotreload_redirect *list,
                           size_t count) {
  qsort(list, count, sizeof *list, redirect_compare);
  for (size_t i = end; i-- > 0;) {
    const struct hotreload_applied *patch = &process->applied[i];
    for (size_t j = 0; j < patch->library_count && patch->standing == HOTRELOAD_STANDING; j++) {
      const struct hotreload_patch *table = patch->libraries[j].patch;
      for (uint32_t k = 0; k < table->redirect_count; k++) {
        struct hotreload_redirect *found =
            bsearch(&table->redirects[k], list, count, sizeof *list, redirect_compare);
        if (found && found->target == HOTRELOAD_OWN_CODE)
          found->target = table->redirects[k].target;
      }
    }
  }
}

static bool patch_turn(struct hotreload_process *process, size_t index, enum hotreload_standing standing,
                       uint64_t *nanoseconds, struct hotreload_error *error) {
  struct hotreload_applied *patch = &process->applied[index];
  struct hotreload_demands demands;
  bool back = standing == HOTRELOAD_UNDONE;
  bool good = back ? hotreload_demands_gather_back(patch, &demands, error)
                   : hotreload_demands_gather(patch, &demands, error);
  if (good && back)
    targets_before(process, index, demands.redirects, demands.redirect_count);
  good = good && hotreload_redirect_write(demands.redirects, demands.redirect_count, &demands.data, &process->ranges,
                                          nanoseconds, error);
  if (good && !back)
    hotreload_demands_note(&demands, patch);
  hotreload_demands_free(&demands);
  if (good)
    patch->standing = standing;
  return good;
}

static bool number_refuse(struct hotreload_error *error, uint64_t number, const char *what) {
  return hotreload_error_set(error, E_AGENT_UNDO, "%llu is not the next one to %s", (unsigned long long)number, what);
}

bool hotreload_patch_undo(struct hotreload_process *process, uint64_t number, uint64_t *nanoseconds,
                          struct hotreload_error *error) {
  size_t last = process->applied_count;
  while (last && process->applied[last - 1].standing != HOTRELOAD_STANDING)
    last--;
  if (last == 0 || process->applied[last - 1].patch != number)
    return number_refuse(error, number, "undo");
  return patch_turn(process, last - 1, HOTRELOAD_UNDONE, nanoseconds, error);
}

bool hotreload_patch_redo(struct hotreload_process *process, uint64_t number, uint64_t *nanoseconds,
                          struct hotreload_error *error) {
  size_t first = 0;
  while (first < process->applied_count && process->applied[first].standing != HOTRELOAD_UNDONE)
    first++;
  if (first == process->applied_count || process->applied[first].patch != number)
    return number_refuse(error, number, "redo");
  return patch_turn(process, first, HOTRELOAD_STANDING, nanoseconds, error);
}

void hotreload_undone_abandon(struct hotreload_process *process) {
  for (size_t i = 0; i < process->applied_count; i++)
    if (process->applied[i].standing == HOTRELOAD_UNDONE)
      process->applied[i].standing = HOTRELOAD_ABANDONED;
}
