/* Applying a patch: libraries checked, loaded and read, then functions redirected; all of it or nothing. */
#include "apply.h"

#include <stdlib.h>

#include "array.h"
#include "clock.h"
#include "redirect.h"

/* Room for one more patch, so that nothing can fail once functions are redirected. */
static bool applied_reserve(struct hotreload_process *process, struct hotreload_error *error) {
  if (!hotreload_array_reserve(&process->applied, &process->applied_capacity, process->applied_count + 1,
                               sizeof *process->applied))
    return hotreload_error_set(error, E_AGENT_MEMORY, "for the list of patches");
  return true;
}

static bool libraries_load(struct hotreload_process *process, struct hotreload_applied *patch, char *const *paths,
                           const char *directory, uint64_t *nanoseconds, struct hotreload_error *error) {
  for (size_t i = 0; i < patch->library_count; i++)
    if (!hotreload_library_inspect(&patch->libraries[i], paths[i], directory, error))
      return false;
  uint64_t begin = hotreload_clock_nanoseconds();
  for (size_t i = 0; i < patch->library_count; i++)
    if (!hotreload_library_load(&patch->libraries[i], &process->ranges, error))
      return false;
  *nanoseconds = hotreload_clock_nanoseconds() - begin;
  for (size_t i = 0; i < patch->library_count; i++)
    if (!hotreload_library_read(&patch->libraries[i], error))
      return false;
  return true;
}

/* An entry in one of the patch's own libraries would be new code that is replaced before it ever ran. */
static bool entry_check(const struct hotreload_applied *patch, uint64_t entry, struct hotreload_error *error) {
  for (size_t i = 0; i < patch->library_count; i++) {
    const struct hotreload_extent *extent = &patch->libraries[i].extent;
    if (entry >= extent->start && entry - extent->start < extent->size)
      return hotreload_error_set(error, E_AGENT_ENTRY, "%#llx is in the patch itself", (unsigned long long)entry);
  }
  return true;
}

static bool libraries_redirect(const struct hotreload_process *process, const struct hotreload_applied *patch,
                               uint64_t *nanoseconds, struct hotreload_error *error) {
  size_t total = 0, filled = 0;
  for (size_t i = 0; i < patch->library_count; i++)
    total += patch->libraries[i].patch->redirect_count;
  struct hotreload_redirect *list = calloc(total + 1, sizeof *list);
  if (!list)
    return hotreload_error_set(error, E_AGENT_MEMORY, "for %zu functions", total);
  bool good = true;
  for (size_t i = 0; i < patch->library_count && good; i++) {
    const struct hotreload_patch *table = patch->libraries[i].patch;
    for (uint32_t j = 0; j < table->redirect_count && good; j++) {
      list[filled++] = table->redirects[j];
      good = entry_check(patch, table->redirects[j].entry, error);
    }
  }
  good = good && hotreload_redirect_write(list, total, &process->ranges, nanoseconds, error);
  free(list);
  return good;
}

static void libraries_drop(struct hotreload_process *process, struct hotreload_applied *patch) {
  for (size_t i = patch->library_count; i-- > 0;) {
    hotreload_library_unload(&patch->libraries[i], &process->ranges);
    hotreload_library_free(&patch->libraries[i]);
  }
  free(patch->libraries);
}

const struct hotreload_applied *hotreload_patch_apply(struct hotreload_process *process, uint64_t number,
                                                      char *const *paths, size_t count, const char *directory,
                                                      struct hotreload_timing *timing,
                                                      struct hotreload_error *error) {
  *timing = (struct hotreload_timing){0};
  if (process->applied_count && number <= process->applied[process->applied_count - 1].patch) {
    hotreload_error_set(error, E_AGENT_ORDER, "%llu comes after %llu", (unsigned long long)number,
                        (unsigned long long)process->applied[process->applied_count - 1].patch);
    return NULL;
  }
  if (!applied_reserve(process, error))
    return NULL;
  struct hotreload_applied patch = {.patch = number, .library_count = count};
  patch.libraries = calloc(count + 1, sizeof *patch.libraries);
  if (!patch.libraries) {
    hotreload_error_set(error, E_AGENT_MEMORY, "for %zu libraries", count);
    return NULL;
  }
  if (!libraries_load(process, &patch, paths, directory, &timing->load_nanoseconds, error) ||
      !libraries_redirect(process, &patch, &timing->redirect_nanoseconds, error)) {
    libraries_drop(process, &patch);
    return NULL;
  }
  process->applied[process->applied_count] = patch;
  return &process->applied[process->applied_count++];
}
