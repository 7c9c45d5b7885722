/* The executable and the shared libraries that are loaded in this process, as the dynamic loader lists them. */
#include "modules.h"

#include <elf.h>
#include <limits.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "array.h"
#include "maps.h"

#define DELETED " (deleted)"

bool hotreload_executable_path(char *path) {
  /* By this name valgrind says the program's own; but once the first thread has ended there is nothing under it. */
  ssize_t length = readlink("/proc/self/exe", path, PATH_MAX - 1);
  if (length <= 0)
    length = readlink("/proc/thread-self/exe", path, PATH_MAX - 1);
  if (length <= 0)
    return false;
  path[length] = '\0';
  /* The kernel's mark for a file that was unlinked, as every linker does before it writes a new one. */
  size_t mark = sizeof DELETED - 1;
  if ((size_t)length > mark && strcmp(path + length - mark, DELETED) == 0 && access(path, F_OK) != 0)
    path[(size_t)length - mark] = '\0';
  return true;
}

/* True if [address, address + size) lies in a readable loaded segment. */
static bool segment_readable(const struct dl_phdr_info *info, uint64_t address, uint64_t size) {
  for (int i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr) *header = &info->dlpi_phdr[i];
    uint64_t start = info->dlpi_addr + header->p_vaddr;
    if (header->p_type == PT_LOAD && (header->p_flags & PF_R) && address >= start &&
        size <= header->p_memsz && address - start <= header->p_memsz - size)
      return true;
  }
  return false;
}

static uint64_t aligned_up(uint64_t value, uint64_t alignment) {
  return (value + alignment - 1) & ~(alignment - 1);
}

/* Looks for NT_GNU_BUILD_ID in one PT_NOTE segment (ELF gABI, "Note Section"). */
static bool build_id_find(const unsigned char *notes, uint64_t size, uint64_t alignment, char *hexadecimal) {
  uint64_t at = 0;
  while (size - at >= sizeof(ElfW(Nhdr))) {
    ElfW(Nhdr) note;
    memcpy(&note, notes + at, sizeof note);
    uint64_t name = at + sizeof note;
    uint64_t description = at + aligned_up(sizeof note + note.n_namesz, alignment);
    uint64_t next = aligned_up(description + note.n_descsz, alignment);
    if (description > size || note.n_descsz > size - description)
      return false;
    if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 && memcmp(notes + name, "GNU", 4) == 0 &&
        note.n_descsz <= 64) {
      for (uint32_t i = 0; i < note.n_descsz; i++)
        snprintf(hexadecimal + 2 * i, 3, "%02x", notes[description + i]);
      return true;
    }
    if (next > size)
      return false;
    at = next;
  }
  return false;
}

static void build_id_read(const struct dl_phdr_info *info, char *hexadecimal) {
  hexadecimal[0] = '\0';
  for (int i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr) *header = &info->dlpi_phdr[i];
    uint64_t address = info->dlpi_addr + header->p_vaddr;
    if (header->p_type != PT_NOTE || !segment_readable(info, address, header->p_memsz))
      continue;
    if (build_id_find((const unsigned char *)address, header->p_memsz, header->p_align == 8 ? 8 : 4, hexadecimal))
      return;
  }
}

static void extent_read(const struct dl_phdr_info *info, struct hotreload_module *module) {
  module->start = UINT64_MAX;
  for (int i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr) *header = &info->dlpi_phdr[i];
    if (header->p_type != PT_LOAD)
      continue;
    uint64_t start = info->dlpi_addr + header->p_vaddr;
    if (start < module->start)
      module->start = start;
    if (start + header->p_memsz > module->end)
      module->end = start + header->p_memsz;
  }
}

struct survey {
  struct hotreload_modules *modules;
  const struct hotreload_ranges *ranges;
  bool failed;
};

/* Called under the loader's lock: copies, and leaves everything that takes time for later. */
static int module_visit(struct dl_phdr_info *info, size_t size, void *data) {
  struct survey *survey = data;
  struct hotreload_modules *modules = survey->modules;
  struct hotreload_module module = {.bias = info->dlpi_addr};
  extent_read(info, &module);
  if (module.start > module.end || getauxval(AT_SYSINFO_EHDR) == module.start ||
      hotreload_ranges_contain(survey->ranges, module.start))
    return 0;
  build_id_read(info, module.build_id);
  if (size >= offsetof(struct dl_phdr_info, dlpi_tls_modid) + sizeof info->dlpi_tls_modid)
    module.tls_module = info->dlpi_tls_modid;
  module.path = strdup(info->dlpi_name ? info->dlpi_name : "");
  if (!module.path ||
      !hotreload_array_reserve(&modules->items, &modules->capacity, modules->count + 1, sizeof module)) {
    free(module.path);
    survey->failed = true;
    return 1;
  }
  modules->items[modules->count++] = module;
  return 0;
}

/* A library that was opened by a relative name keeps it, whatever the working directory is now: the kernel knows. */
static bool path_from_maps(struct hotreload_module *module, char *resolved, struct hotreload_error *error) {
  struct hotreload_maps maps;
  if (!hotreload_maps_read(&maps, error))
    return false;
  const struct hotreload_mapping *mapping = hotreload_maps_at(&maps, module->start);
  resolved[0] = '\0';
  if (mapping && mapping->name[0] == '/')
    snprintf(resolved, PATH_MAX, "%s", mapping->name);
  hotreload_maps_free(&maps);
  return true;
}

/* Replaces the loader's name of the module by the path of the file. A file that is gone keeps the loader's name. */
static bool path_resolve(struct hotreload_module *module, struct hotreload_error *error) {
  char resolved[PATH_MAX] = "";
  if (module->path[0] == '\0') {
    if (!hotreload_executable_path(resolved))
      return hotreload_error_set(error, E_AGENT_PROC, "/proc/self/exe");
  } else if (module->path[0] == '/') {
    if (!realpath(module->path, resolved))
      return true;
  } else if (!path_from_maps(module, resolved, error)) {
    return false;
  }
  if (resolved[0] == '\0' || strcmp(resolved, module->path) == 0)
    return true;
  char *path = strdup(resolved);
  if (!path)
    return hotreload_error_set(error, E_AGENT_MEMORY, "for the path of a module");
  free(module->path);
  module->path = path;
  return true;
}

bool hotreload_modules_read(struct hotreload_modules *modules, const struct hotreload_ranges *ranges,
                            struct hotreload_error *error) {
  *modules = (struct hotreload_modules){0};
  struct survey survey = {.modules = modules, .ranges = ranges};
  dl_iterate_phdr(module_visit, &survey);
  if (survey.failed) {
    hotreload_modules_free(modules);
    return hotreload_error_set(error, E_AGENT_MEMORY, "for the list of modules");
  }
  for (size_t i = 0; i < modules->count; i++) {
    if (!path_resolve(&modules->items[i], error)) {
      hotreload_modules_free(modules);
      return false;
    }
  }
  return true;
}

void hotreload_modules_free(struct hotreload_modules *modules) {
  for (size_t i = 0; i < modules->count; i++)
    free(modules->items[i].path);
  free(modules->items);
  *modules = (struct hotreload_modules){0};
}
