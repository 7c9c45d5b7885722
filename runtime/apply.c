/* Applying a patch: libraries checked, loaded and read, new variables constructed, then data written and functions
 * redirected; all of it or nothing. */
#include "apply.h"

#include <stdlib.h>

#include "array.h"
#include "clock.h"
#include "demands.h"
#include "redirect.h"
#include "undo.h"

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
static bool entries_check(const struct hotreload_applied *patch, const struct hotreload_demands *demands,
                          struct hotreload_error *error) {
  for (size_t i = 0; i < demands->redirect_count; i++) {
    uint64_t entry = demands->redirects[i].entry;
    for (size_t j = 0; j < patch->library_count; j++) {
      const struct hotreload_extent *extent = &patch->libraries[j].extent;
      if (entry >= extent->start && entry - extent->start < extent->size)
        return hotreload_error_set(error, E_AGENT_ENTRY, "%#llx is in the patch itself", (unsigned long long)entry);
    }
  }
  return true;
}

typedef int (*guard_function)(void (*function)(void));

static bool variables_construct(const struct hotreload_applied *patch, struct hotreload_error *error) {
  for (size_t i = 0; i < patch->library_count; i++) {
    const struct hotreload_patch *table = patch->libraries[i].patch;
    for (uint32_t j = 0; j < table->call_count; j++) {
      const struct hotreload_call *call = &hotreload_patch_calls(table)[j];
      if (!((guard_function)call->guard)((void (*)(void))call->function))
        return hotreload_error_set(error, E_AGENT_CONSTRUCTOR, "an exception came out of its constructor");
    }
  }
  return true;
}

/* `*constructed` says whether a constructor began. */
static bool libraries_commit(const struct hotreload_process *process, struct hotreload_applied *patch,
                             bool *constructed, uint64_t *nanoseconds, struct hotreload_error *error) {
  struct hotreload_demands demands;
  bool good = hotreload_demands_gather(patch, &demands, error) && entries_check(patch, &demands, error);
  if (good && demands.call_count) {
    good = hotreload_redirect_check(demands.redirects, demands.redirect_count, &demands.data, &process->ranges, error);
    *constructed = good;
    good = good && variables_construct(patch, error);
  }
  good = good && hotreload_redirect_write(demands.redirects, demands.redirect_count, &demands.data, &process->ranges,
                                          nanoseconds, error);
  if (good)
    hotreload_demands_note(&demands, patch);
  hotreload_demands_free(&demands);
  return good;
}

/* `loaded` libraries stay where they are, in a part of the ranges that is never given again. */
static void libraries_drop(struct hotreload_process *process, struct hotreload_applied *patch, bool loaded) {
  for (size_t i = patch->library_count; i-- > 0;) {
    if (!loaded)
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
  bool constructed = false;
  if (!libraries_load(process, &patch, paths, directory, &timing->load_nanoseconds, error) ||
      !libraries_commit(process, &patch, &constructed, &timing->redirect_nanoseconds, error)) {
    libraries_drop(process, &patch, constructed);
    return NULL;
  }
  hotreload_undone_abandon(process);
  process->applied[process->applied_count] = patch;
  return &process->applied[process->applied_count++];
}
