/* What the tables of a patch ask for, those of all its libraries in one list each. */
#include "demands.h"

#include <stdlib.h>

#include "redirect.h"

static bool demands_reserve(const struct hotreload_applied *patch, struct hotreload_demands *demands,
                            struct hotreload_error *error) {
  *demands = (struct hotreload_demands){0};
  size_t redirects = 0, writes = 0;
  for (size_t i = 0; i < patch->library_count; i++) {
    redirects += patch->libraries[i].patch->redirect_count;
    writes += patch->libraries[i].patch->write_count;
  }
  demands->redirects = calloc(redirects + 1, sizeof *demands->redirects);
  demands->data.items = calloc(writes + 1, sizeof *demands->data.items);
  demands->back = calloc(writes + 1, sizeof *demands->back);
  if (!demands->redirects || !demands->data.items || !demands->back)
    return hotreload_error_set(error, E_AGENT_MEMORY, "for %zu functions and %zu variables", redirects, writes);
  return true;
}

bool hotreload_demands_gather(const struct hotreload_applied *patch, struct hotreload_demands *demands,
                              struct hotreload_error *error) {
  if (!demands_reserve(patch, demands, error))
    return false;
  for (size_t i = 0; i < patch->library_count; i++) {
    const struct hotreload_library *library = &patch->libraries[i];
    const struct hotreload_patch *table = library->patch;
    for (uint32_t j = 0; j < table->redirect_count; j++)
      demands->redirects[demands->redirect_count++] = table->redirects[j];
    char *saved = library->saved;
    for (uint32_t j = 0; j < table->write_count; j++) {
      const struct hotreload_write *write = &hotreload_patch_writes(table)[j];
      demands->data.items[demands->data.count++] = (struct hotreload_data_item){.write = write, .saved = saved};
      saved += write->size;
    }
    demands->call_count += table->call_count;
  }
  return true;
}

static bool was_kept(const struct hotreload_library *library, uint32_t index) {
  for (uint32_t i = 0; i < library->kept_count; i++)
    if (library->kept[i] == index)
      return true;
  return false;
}

bool hotreload_demands_gather_back(const struct hotreload_applied *patch, struct hotreload_demands *demands,
                                   struct hotreload_error *error) {
  if (!demands_reserve(patch, demands, error))
    return false;
  for (size_t i = 0; i < patch->library_count; i++) {
    const struct hotreload_library *library = &patch->libraries[i];
    const struct hotreload_patch *table = library->patch;
    for (uint32_t j = 0; j < table->redirect_count; j++)
      demands->redirects[demands->redirect_count++] =
          (struct hotreload_redirect){table->redirects[j].entry, HOTRELOAD_OWN_CODE};
    const char *saved = library->saved;
    for (uint32_t j = 0; j < table->write_count; j++) {
      const struct hotreload_write *write = &hotreload_patch_writes(table)[j];
      struct hotreload_write *back = &demands->back[demands->data.count];
      *back = *write;
      back->source = (uint64_t)saved;
      back->expected = write->expected ? write->source : 0;
      saved += write->size;
      if (!was_kept(library, j))
        demands->data.items[demands->data.count++].write = back;
    }
  }
  return true;
}

void hotreload_demands_note(const struct hotreload_demands *demands, struct hotreload_applied *patch) {
  const struct hotreload_data_item *item = demands->data.items;
  for (size_t i = 0; i < patch->library_count; i++) {
    struct hotreload_library *library = &patch->libraries[i];
    library->kept_count = 0;
    for (uint32_t j = 0; j < library->patch->write_count; j++, item++)
      if (item->kept)
        library->kept[library->kept_count++] = j;
  }
}

void hotreload_demands_free(struct hotreload_demands *demands) {
  free(demands->redirects);
  free(demands->data.items);
  free(demands->back);
  *demands = (struct hotreload_demands){0};
}
