/* Keeps a module loaded for the patches that belong to it. */
#ifndef HOTRELOAD_PIN_H
#define HOTRELOAD_PIN_H

#include <stdint.h>

#include "errors.h"

/* From here on dlclose does not unload the module whose first byte is at `start`. `*handle` gets what dlclose takes to
 * undo that, NULL for the executable, which is never unloaded.
 * Errors: E_AGENT_UNLOADING (no such module is loaded any more), E_AGENT_MEMORY. */
bool hotreload_module_pin(uint64_t start, void **handle, struct hotreload_error *error);

#endif
