/* Keeps a module loaded for the patches that belong to it.
 *
 * A patch refers to the functions and variables of its module, and the module's entries lead to the patch. A host that
 * closes a plugin would leave addresses that belong to nobody, or by then to somebody else. So the module counts as opened
 * once more, and is what it was if the host opens it again.
 */
#include "pin.h"

#include <dlfcn.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>

struct search {
  uint64_t start;
  uint64_t bias;
  char *name; /* that the loader has for it */
  bool found;
};

static int search_visit(struct dl_phdr_info *info, size_t size, void *data) {
  (void)size;
  struct search *search = data;
  for (int i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr) *header = &info->dlpi_phdr[i];
    if (header->p_type != PT_LOAD)
      continue;
    search->found = info->dlpi_addr + header->p_vaddr == search->start; /* segments lie in rising order (gABI) */
    if (search->found) {
      search->bias = info->dlpi_addr;
      search->name = strdup(info->dlpi_name ? info->dlpi_name : "");
    }
    return search->found;
  }
  return 0;
}

/* By its name the loader finds what it has under that name, whatever lies on disk by now. */
static bool is_module(void *handle, const struct search *search) {
  struct link_map *map = NULL;
  return handle && dlinfo(handle, RTLD_DI_LINKMAP, &map) == 0 && map->l_addr == search->bias;
}

bool hotreload_module_pin(uint64_t start, void **handle, struct hotreload_error *error) {
  struct search search = {.start = start};
  *handle = NULL;
  dl_iterate_phdr(search_visit, &search);
  if (search.found && !search.name)
    return hotreload_error_set(error, E_AGENT_MEMORY, "for the name of a module");
  if (search.found && search.name[0] == '\0') {
    free(search.name);
    return true;
  }
  void *opened = search.found ? dlopen(search.name, RTLD_LAZY | RTLD_NOLOAD) : NULL;
  free(search.name);
  if (is_module(opened, &search)) {
    *handle = opened;
    return true;
  }
  if (opened)
    dlclose(opened);
  return hotreload_error_set(error, E_AGENT_UNLOADING, "the module that was at %#llx", (unsigned long long)start);
}
