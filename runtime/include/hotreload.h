/* What a program may ask of hotreload, from C and C++. Optional: a program that never includes this is reloaded as well.
 *
 * The macro HOTRELOAD_PREPARED is set by HotReload.cmake. Without it everything below is an empty inline function, so that
 * a program that includes this header (or a copy of it) builds the same where there is no hotreload.
 * All of it may be called from any thread, but not from a signal handler.
 */
#ifndef HOTRELOAD_H
#define HOTRELOAD_H

#include <stddef.h>
#ifndef HOTRELOAD_PREPARED
#include <stdlib.h>
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* An exception must not come out of a callback: from C++17 on the compiler sees to it. */
#if defined(__cplusplus) && __cplusplus >= 201703L
#define HOTRELOAD_NOEXCEPT noexcept
#else
#define HOTRELOAD_NOEXCEPT
#endif

enum hotreload_kind { HOTRELOAD_KIND_RELOAD, HOTRELOAD_KIND_UNDO, HOTRELOAD_KIND_REDO };

/* What changes; valid during the callback. A long list of functions is cut off. */
struct hotreload_change {
  enum hotreload_kind kind;
  unsigned long long patch; /* its number in this process */
  const char *const *functions;
  size_t function_count;
  const char *const *files; /* absolute paths of what was saved, as far as it is known */
  size_t file_count;
  const char *failed; /* after: why nothing changed; NULL if it was done */
};

/* Called before anything changes. Returns NULL, or why this change must not be made now: then nothing changes, the
 * reason is reported, and the next save offers the change again. The text must stay until the callback returned. */
typedef const char *(*hotreload_before)(const struct hotreload_change *change, void *context) HOTRELOAD_NOEXCEPT;

/* Called when the change was made, or was not. */
typedef void (*hotreload_after)(const struct hotreload_change *change, void *context) HOTRELOAD_NOEXCEPT;

#ifdef HOTRELOAD_PREPARED

/* Version of the runtime, e.g. "0.1.0"; static storage. */
const char *hotreload_version(void);

/* Has both called at each change, `before` in the order of registration and `after` in the reverse; either may be NULL.
 * They run in the thread of hotreload_poll where the program polls, else in a thread of hotreload's own; a callback that
 * was replaced meanwhile runs its new code. Returns 0, or -1 if there are too many (32). */
int hotreload_register(hotreload_before before, hotreload_after after, void *context);

/* Takes back what was registered with these three. A callback that runs at that moment ends undisturbed. */
void hotreload_unregister(hotreload_before before, hotreload_after after, void *context);

/* 1: changes are made only inside hotreload_poll, in the thread that calls it. 0: at any time, as from the start. */
void hotreload_set_polled(int polled);

/* Makes the change that waits, if there is one. Costs a load from memory otherwise, and never waits for another thread.
 * Returns 1 if a change was made. */
int hotreload_poll(void);

/* Asks the dev server to build what was saved and bring this process up to date. Comes back at once. */
void hotreload_request(void);

/* A name for this process in the reports and in `hotreload status`; cut off after 63 bytes. */
void hotreload_set_name(const char *name);

/* A block of memory that is kept when the dev server restarts the program: zero at first, and what the process before
 * left in it from then on. It is kept whole or not at all: a block that is asked for in another size is zero again, and
 * that is reported. Give the key another name, too, when what the bytes mean changes and their number does not.
 * Pointers in it mean nothing to the next process. Call it once for each key and keep the pointer. In a program that ends
 * by itself, that was not started by `hotreload dev`, or in a child of fork, the block ends with the process.
 * `key` has up to 63 letters, digits, '_', '-' and '.', and does not begin with '.'. NULL if the key is wrong, was used with
 * another size in this process, or there is no memory. */
void *hotreload_state(const char *key, size_t size);

#else

static inline const char *hotreload_version(void) {
  return NULL;
}
static inline int hotreload_register(hotreload_before before, hotreload_after after, void *context) {
  return (void)before, (void)after, (void)context, 0;
}
static inline void hotreload_unregister(hotreload_before before, hotreload_after after, void *context) {
  (void)before, (void)after, (void)context;
}
static inline void hotreload_set_polled(int polled) {
  (void)polled;
}
static inline int hotreload_poll(void) {
  return 0;
}
static inline void hotreload_request(void) {
}
static inline void hotreload_set_name(const char *name) {
  (void)name;
}
static inline void *hotreload_state(const char *key, size_t size) {
  return (void)key, calloc(1, size);
}

#endif

#ifdef __cplusplus
}
#endif

#endif
