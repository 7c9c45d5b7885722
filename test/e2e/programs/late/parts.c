/* Has a plugin open for as long as there is a file of its name. No test edits this file. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "report.h"

struct plugin {
  const char *name;
  const char *path;
  void *handle;
};

static struct plugin plugins[] = {{"plugin", PLUGIN, NULL}, {"other", OTHER, NULL}, {"copied", COPIED, NULL}};

static void *symbol_of(const struct plugin *plugin, const char *suffix) {
  char name[64];
  snprintf(name, sizeof name, "%s_%s", plugin->name, suffix);
  void *symbol = dlsym(plugin->handle, name);
  if (!symbol) abort();
  return symbol;
}

static void run(struct plugin *plugin) {
  char field[64];
  if (!plugin->handle) {
    plugin->handle = dlopen(plugin->path, RTLD_NOW);
    if (!plugin->handle) {
      fprintf(stderr, "%s\n", dlerror());
      abort();
    }
    snprintf(field, sizeof field, "%s.begun", plugin->name);
    report(field, "%s", ((const char *(*)(void))symbol_of(plugin, "begun"))());
  }
  report(plugin->name, "%d", ((int (*)(int))symbol_of(plugin, "value"))(1));
  snprintf(field, sizeof field, "%s.calls", plugin->name);
  report_counted(field, ((int (*)(void))symbol_of(plugin, "calls"))());
}

void start_parts(void) {}

void run_parts(long tick) {
  (void)tick;
  for (size_t i = 0; i < sizeof plugins / sizeof plugins[0]; i++) {
    struct plugin *plugin = &plugins[i];
    char field[64], wish[512];
    snprintf(wish, sizeof wish, "%s/%s.open", WISHES, plugin->name);
    if (access(wish, F_OK) == 0) {
      run(plugin);
    } else if (plugin->handle) {
      dlclose(plugin->handle);
      plugin->handle = NULL;
    }
    snprintf(field, sizeof field, "%s.state", plugin->name);
    report(field, plugin->handle ? "open" : "closed");
  }
}
