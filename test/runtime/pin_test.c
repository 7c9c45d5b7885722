/* Modules that the host closes and that stay, in this very process. */
#include "pin.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>

#include "expect.h"
#include "modules.h"

static struct hotreload_error error;

/* First byte of the module whose path has this part, 0 if none is loaded. */
static uint64_t start_of(const char *part) {
  struct hotreload_modules modules;
  const struct hotreload_ranges ranges = {0};
  uint64_t start = 0;
  EXPECT(hotreload_modules_read(&modules, &ranges, &error));
  for (size_t i = 0; i < modules.count; i++)
    if (strstr(modules.items[i].path, part))
      start = modules.items[i].start;
  hotreload_modules_free(&modules);
  return start;
}

int main(int count, char **arguments) {
  void *pin;
  char command[300];
  EXPECT(count > 1);
  snprintf(command, sizeof command, "cp %s pinned.so", arguments[1]);
  EXPECT(system(command) == 0);

  test_begin("a library that is pinned stays when the host closes it, although its file is another one by now");
  void *library = dlopen("./pinned.so", RTLD_NOW);
  uint64_t start = start_of("/pinned.so");
  EXPECT(library && start);
  EXPECT(unlink("pinned.so") == 0 && system(command) == 0);
  EXPECT(hotreload_module_pin(start, &pin, &error) && pin);
  EXPECT(dlclose(library) == 0);
  EXPECT(start_of("/pinned.so") == start);

  test_begin("the host gets it again when it opens it again");
  library = dlopen("./pinned.so", RTLD_NOW);
  EXPECT(start_of("/pinned.so") == start);
  EXPECT(dlclose(library) == 0);

  test_begin("once it is not pinned any more, the host may unload it");
  EXPECT(pin && dlclose(pin) == 0);
  EXPECT(start_of("/pinned.so") == 0);

  test_begin("a library that was closed meanwhile is an error");
  EXPECT(!hotreload_module_pin(start, &pin, &error) && !pin);
  EXPECT_ERROR(error, E_AGENT_UNLOADING);

  test_begin("the executable needs no pin");
  error = (struct hotreload_error){0};
  EXPECT(hotreload_module_pin(start_of("/pin_test"), &pin, &error) && !pin);
  EXPECT_ERROR(error, HOTRELOAD_NO_ERROR);
  unlink("pinned.so");
  return test_done();
}
