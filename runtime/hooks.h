/* The program's callbacks around a change. */
#ifndef HOTRELOAD_HOOKS_H
#define HOTRELOAD_HOOKS_H

#include "errors.h"
#include "hotreload.h"

/* Asks the callbacks in their order. False with E_AGENT_DECLINED if one declines: those asked before it are told so. */
bool hotreload_hooks_before(const struct hotreload_change *change, struct hotreload_error *error);

/* Tells all callbacks, in the reverse order. */
void hotreload_hooks_after(const struct hotreload_change *change);

#endif
