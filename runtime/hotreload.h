/* What a program may ask of the hotreload runtime that it is linked with. */
#ifndef HOTRELOAD_H
#define HOTRELOAD_H

#ifdef __cplusplus
extern "C" {
#endif

/* Version of the runtime, e.g. "0.1.0"; static storage, any thread. The symbol is weak, so that a program that is
 * built without the runtime can ask: `hotreload_version && hotreload_version()`. */
const char *hotreload_version(void) __attribute__((weak));

#ifdef __cplusplus
}
#endif

#endif
