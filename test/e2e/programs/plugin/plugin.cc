// The executable: runs its own parts and those of the library, whose fields begin with "shared.".
#include "plugin.h"
#include "report.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

static void (*run_plugin)();

static void report_of_plugin(const char *name, const char *text) {
  char field[64];
  snprintf(field, sizeof field, "shared.%s", name);
  report(field, "%s", text);
}

void start_parts() {
  start_module_parts();
  void *library = dlopen(PLUGIN, RTLD_NOW);
  if (!library) {
    fprintf(stderr, "%s\n", dlerror());
    exit(1);
  }
  auto start = reinterpret_cast<void (*)(plugin_sink *)>(dlsym(library, "start_plugin"));
  run_plugin = reinterpret_cast<void (*)()>(dlsym(library, "run_plugin"));
  start(&report_of_plugin);
}

void run_parts(long) {
  run_module_parts();
  run_plugin();
}
