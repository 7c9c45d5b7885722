// The executable: runs its own parts and those of the library, whose fields begin with "shared.".
#include "plugin.h"
#include "report.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

static void (*run_plugin)();

struct field_of_plugin {
  explicit field_of_plugin(const char *name) { snprintf(text, sizeof text, "shared.%s", name); }
  char text[64];
};

static const plugin_sink sink = {
    [](const char *name, const char *text) { report(field_of_plugin(name).text, "%s", text); },
    [](const char *name, long value) { report_counted(field_of_plugin(name).text, value); },
    [](const char *name, const volatile void *address) { report_address(field_of_plugin(name).text, address); },
};

void start_parts() {
  start_module_parts();
  void *library = dlopen(PLUGIN, RTLD_NOW);
  if (!library) {
    fprintf(stderr, "%s\n", dlerror());
    exit(1);
  }
  auto start = reinterpret_cast<void (*)(const plugin_sink *)>(dlsym(library, "start_plugin"));
  run_plugin = reinterpret_cast<void (*)()>(dlsym(library, "run_plugin"));
  start(&sink);
}

void run_parts(long) {
  run_module_parts();
  run_plugin();
}
