/* The version of the runtime. */
#include "hotreload.h"

__attribute__((visibility("default"))) const char *hotreload_version(void) {
  return HOTRELOAD_VERSION;
}
