/* What is loaded in this very process. */
#include "modules.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "expect.h"
#include "maps.h"

__thread volatile int thread_local_variable = 7;

static const struct hotreload_module *find(const struct hotreload_modules *modules, const char *part) {
  for (size_t i = 0; i < modules->count; i++)
    if (strstr(modules->items[i].path, part))
      return &modules->items[i];
  return NULL;
}

int main(int count, char **arguments) {
  struct hotreload_modules modules;
  struct hotreload_error error = {0};
  struct hotreload_ranges ranges = {0};
  char path[PATH_MAX];
  EXPECT(count > 1);

  test_begin("the executable comes first, by its path in /proc");
  EXPECT(hotreload_modules_read(&modules, &ranges, &error));
  EXPECT(readlink("/proc/self/exe", path, sizeof path) > 0);
  const struct hotreload_module *self = &modules.items[0];
  EXPECT(strncmp(self->path, path, strlen(self->path)) == 0);
  EXPECT((uint64_t)main >= self->start && (uint64_t)main < self->end);
  EXPECT(thread_local_variable == 7 && self->tls_module == 1);

  test_begin("the C library is there by its real path, the vdso is not");
  const struct hotreload_module *libc = find(&modules, "libc.so.6");
  EXPECT(libc && libc->path[0] == '/' && strlen(libc->build_id) == 40 && libc->tls_module > 0);
  EXPECT(libc && realpath(libc->path, path) && strcmp(path, libc->path) == 0);
  EXPECT(libc && (uint64_t)dlsym(RTLD_DEFAULT, "gnu_get_libc_version") - libc->start < libc->end - libc->start);
  EXPECT(!find(&modules, "vdso"));
  hotreload_modules_free(&modules);

  test_begin("a library that was opened by a relative name has an absolute path, wherever the process is now");
  void *library = dlopen(arguments[1], RTLD_NOW);
  EXPECT(arguments[1][0] != '/' && library != NULL);
  EXPECT(realpath(arguments[1], path) != NULL);
  EXPECT(chdir("/") == 0);
  EXPECT(hotreload_modules_read(&modules, &ranges, &error));
  const struct hotreload_module *plugin = find(&modules, "victim-");
  EXPECT(plugin && strcmp(plugin->path, path) == 0 && plugin->bias == plugin->start && plugin->tls_module == 0);
  EXPECT(plugin && strspn(plugin->build_id, "0123456789abcdef") == strlen(plugin->build_id));
  size_t all = modules.count;

  test_begin("a library that lies in a range is a patch, not a module");
  ranges = (struct hotreload_ranges){
      .items = &(struct hotreload_range){.start = plugin ? plugin->start : 0, .size = 4096}, .count = 1};
  hotreload_modules_free(&modules);
  EXPECT(hotreload_modules_read(&modules, &ranges, &error));
  EXPECT(modules.count == all - 1 && !find(&modules, "victim-"));
  hotreload_modules_free(&modules);
  EXPECT_ERROR(error, HOTRELOAD_NO_ERROR);
  return test_done();
}
