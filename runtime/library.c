/* A patch library: checked as a file, loaded where it was linked for, and read. */
#include "library.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pin.h"

/* True if the effective user owns it and neither its group nor others can write it. */
static bool own(const struct stat *status) {
  return status->st_uid == geteuid() && (status->st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

/* `path` without links lies below `directory` without links, and the directory that holds it is safe. */
static bool place_check(const char *path, const char *directory, struct hotreload_error *error) {
  char real_path[PATH_MAX], real_directory[PATH_MAX];
  if (path[0] != '/')
    return hotreload_error_set(error, E_AGENT_OUTSIDE, "%s is not absolute", path);
  if (!realpath(path, real_path))
    return hotreload_error_set(error, E_AGENT_FILE, "%s: errno %d", path, errno);
  if (!realpath(directory, real_directory))
    return hotreload_error_set(error, E_AGENT_OUTSIDE, "%s: errno %d", directory, errno);
  size_t length = strlen(real_directory);
  if (strncmp(real_path, real_directory, length) != 0 || real_path[length] != '/')
    return hotreload_error_set(error, E_AGENT_OUTSIDE, "%s is not in %s", path, directory);
  /* Every directory on the way down, the session's own included. */
  for (char *slash = real_path + length; slash; slash = strchr(slash + 1, '/')) {
    struct stat status;
    *slash = '\0';
    bool safe = stat(real_path, &status) == 0 && own(&status);
    if (!safe)
      return hotreload_error_set(error, E_AGENT_OWNER, "the directory %s", real_path);
    *slash = '/';
  }
  return true;
}

static bool file_check(int descriptor, const char *path, struct hotreload_error *error) {
  struct stat status;
  if (fstat(descriptor, &status) != 0)
    return hotreload_error_set(error, E_AGENT_FILE, "%s: errno %d", path, errno);
  if (!S_ISREG(status.st_mode))
    return hotreload_error_set(error, E_AGENT_FILE, "%s is not a regular file", path);
  if (!own(&status))
    return hotreload_error_set(error, E_AGENT_OWNER, "%s", path);
  return true;
}

bool hotreload_library_inspect(struct hotreload_library *library, const char *path, const char *directory,
                               struct hotreload_error *error) {
  *library = (struct hotreload_library){0};
  /* Not blocking: a FIFO would wait for its other end. */
  int descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (descriptor < 0 && errno == EACCES)
    /* A server that gave up root: patches are for the eyes of the user who started it, and stay that. */
    return hotreload_error_set(error, E_AGENT_FILE, "user %u, whom this process runs as by now, may not read %s", geteuid(),
                               path);
  if (descriptor < 0)
    return hotreload_error_set(error, E_AGENT_FILE, "%s: %s", path,
                               errno == ELOOP ? "it is a symbolic link" : strerrorname_np(errno));
  bool good = place_check(path, directory, error) && file_check(descriptor, path, error) &&
              hotreload_extent_read(descriptor, &library->extent, error);
  close(descriptor);
  if (!good)
    return false;
  library->path = strdup(path);
  if (!library->path)
    return hotreload_error_set(error, E_AGENT_MEMORY, "for a path");
  return true;
}

/* The loader took the address as a hint. With a load bias of 0 the library is where its file says; a handle of an
 * older library (the same file, written anew) shows by its dynamic section. */
static bool landed(const struct hotreload_library *library) {
  struct link_map *map = NULL;
  if (dlinfo(library->handle, RTLD_DI_LINKMAP, &map) != 0 || map->l_addr != 0)
    return false;
  return hotreload_extent_segment(&library->extent, (uint64_t)map->l_ld, sizeof *map->l_ld, PF_R) != NULL;
}

static void module_unpin(struct hotreload_library *library) {
  if (library->pin)
    dlclose(library->pin);
  library->pin = NULL;
}

bool hotreload_library_load(struct hotreload_library *library, struct hotreload_ranges *ranges,
                            struct hotreload_error *error) {
  uint64_t start = library->extent.start, size = library->extent.size;
  if (!hotreload_ranges_give(ranges, start, size, error))
    return false;
  if (!hotreload_module_pin(hotreload_ranges_near(ranges, start), &library->pin, error)) {
    hotreload_ranges_take_back(ranges, start, size);
    return false;
  }
  dlerror(); /* what an earlier call left */
  library->handle = dlopen(library->path, RTLD_NOW | RTLD_LOCAL);
  if (!library->handle) {
    const char *reason = dlerror();
    hotreload_error_set(error, E_AGENT_LOAD, "%s", reason ? reason : library->path);
    module_unpin(library);
    hotreload_ranges_take_back(ranges, start, size);
    return false;
  }
  if (!landed(library)) {
    hotreload_error_set(error, E_AGENT_MOVED, "%s was linked for %#llx", library->path, (unsigned long long)start);
    hotreload_library_unload(library, ranges);
    return false;
  }
  size_t tls_module = 0;
  if (dlinfo(library->handle, RTLD_DI_TLS_MODID, &tls_module) == 0)
    library->tls_module = tls_module;
  return true;
}

static bool code_check(const struct hotreload_library *library, uint64_t address, struct hotreload_error *error) {
  if (hotreload_extent_segment(&library->extent, address, 1, PF_X))
    return true;
  return hotreload_error_set(error, E_AGENT_TARGET, "%#llx is not in the code of %s", (unsigned long long)address,
                             library->path);
}

static bool bytes_check(const struct hotreload_library *library, uint64_t address, uint64_t size,
                        struct hotreload_error *error) {
  if (hotreload_extent_segment(&library->extent, address, size, PF_R))
    return true;
  return hotreload_error_set(error, E_AGENT_FORMAT, "%#llx is not in the data of %s", (unsigned long long)address,
                             library->path);
}

static bool table_check(const struct hotreload_library *library, const struct hotreload_patch *patch,
                        struct hotreload_error *error) {
  for (uint32_t i = 0; i < patch->redirect_count; i++)
    if (!code_check(library, patch->redirects[i].target, error))
      return false;
  const struct hotreload_write *writes = hotreload_patch_writes(patch);
  for (uint32_t i = 0; i < patch->write_count; i++)
    if (!bytes_check(library, writes[i].source, writes[i].size, error) ||
        (writes[i].expected && !bytes_check(library, writes[i].expected, writes[i].size, error)))
      return false;
  const struct hotreload_call *calls = hotreload_patch_calls(patch);
  for (uint32_t i = 0; i < patch->call_count; i++)
    if (!code_check(library, calls[i].guard, error) || !code_check(library, calls[i].function, error))
      return false;
  return true;
}

bool hotreload_library_read(struct hotreload_library *library, struct hotreload_error *error) {
  const struct hotreload_extent *extent = &library->extent;
  const struct hotreload_patch *patch = dlsym(library->handle, HOTRELOAD_PATCH_SYMBOL);
  uint64_t address = (uint64_t)patch;
  /* dlsym looks into the libraries that this one needs as well. */
  if (!hotreload_extent_segment(extent, address, sizeof *patch, PF_R) || address % _Alignof(struct hotreload_patch))
    return hotreload_error_set(error, E_AGENT_FORMAT, "%s has no symbol " HOTRELOAD_PATCH_SYMBOL, library->path);
  if (patch->magic != HOTRELOAD_PATCH_MAGIC)
    return hotreload_error_set(error, E_AGENT_FORMAT, "%s has a wrong magic number", library->path);
  if (patch->version != HOTRELOAD_PATCH_VERSION)
    return hotreload_error_set(error, E_AGENT_FORMAT, "%s has version %u, this agent %u", library->path,
                               patch->version, HOTRELOAD_PATCH_VERSION);
  if (patch->start != extent->start || patch->size != extent->size)
    return hotreload_error_set(error, E_AGENT_FORMAT, "%s says that it lies elsewhere than its segments do",
                               library->path);
  uint64_t table = sizeof *patch + patch->redirect_count * (uint64_t)sizeof(struct hotreload_redirect) +
                   patch->write_count * (uint64_t)sizeof(struct hotreload_write) +
                   patch->call_count * (uint64_t)sizeof(struct hotreload_call);
  if (!hotreload_extent_segment(extent, address, table, PF_R))
    return hotreload_error_set(error, E_AGENT_FORMAT, "%s has a table that ends outside it", library->path);
  if (!table_check(library, patch, error))
    return false;
  uint64_t written = 1;
  for (uint32_t i = 0; i < patch->write_count; i++)
    written += hotreload_patch_writes(patch)[i].size;
  library->kept = calloc(patch->write_count + 1u, sizeof *library->kept);
  library->saved = malloc(written);
  if (!library->kept || !library->saved)
    return hotreload_error_set(error, E_AGENT_MEMORY, "for %u variables", patch->write_count);
  library->patch = patch;
  return true;
}

void hotreload_library_unload(struct hotreload_library *library, struct hotreload_ranges *ranges) {
  if (!library->handle)
    return;
  dlclose(library->handle);
  library->handle = NULL;
  module_unpin(library);
  hotreload_ranges_take_back(ranges, library->extent.start, library->extent.size);
}

void hotreload_library_free(struct hotreload_library *library) {
  free(library->path);
  free(library->kept);
  free(library->saved);
  *library = (struct hotreload_library){0};
}
