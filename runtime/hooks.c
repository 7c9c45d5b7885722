/* The program's callbacks around a change.
 *
 * The list is copied before the first one is called, so that a callback may register and unregister. Nothing is held
 * while a callback runs.
 */
#include "hooks.h"

#include <errno.h>
#include <pthread.h>

#define MOST_HOOKS 32
#define EXPORT __attribute__((visibility("default")))

struct hook {
  hotreload_before before;
  hotreload_after after;
  void *context;
};

struct hooks {
  struct hook items[MOST_HOOKS];
  size_t count;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct hooks registered;

static struct hooks hooks_copy(void) {
  pthread_mutex_lock(&lock);
  struct hooks copy = registered;
  pthread_mutex_unlock(&lock);
  return copy;
}

static void hooks_tell(const struct hooks *hooks, size_t count, const struct hotreload_change *change) {
  while (count-- > 0)
    if (hooks->items[count].after)
      hooks->items[count].after(change, hooks->items[count].context);
}

bool hotreload_hooks_before(const struct hotreload_change *change, struct hotreload_error *error) {
  const struct hooks hooks = hooks_copy();
  for (size_t i = 0; i < hooks.count; i++) {
    const char *reason = hooks.items[i].before ? hooks.items[i].before(change, hooks.items[i].context) : NULL;
    if (!reason)
      continue;
    hotreload_error_set(error, E_AGENT_DECLINED, "%s", reason);
    struct hotreload_change declined = *change;
    declined.failed = error->message;
    hooks_tell(&hooks, i, &declined);
    return false;
  }
  return true;
}

void hotreload_hooks_after(const struct hotreload_change *change) {
  const struct hooks hooks = hooks_copy();
  hooks_tell(&hooks, hooks.count, change);
}

EXPORT int hotreload_register(hotreload_before before, hotreload_after after, void *context) {
  pthread_mutex_lock(&lock);
  bool room = registered.count < MOST_HOOKS;
  if (room)
    registered.items[registered.count++] = (struct hook){before, after, context};
  pthread_mutex_unlock(&lock);
  return room ? 0 : -1;
}

EXPORT void hotreload_unregister(hotreload_before before, hotreload_after after, void *context) {
  pthread_mutex_lock(&lock);
  size_t kept = 0;
  for (size_t i = 0; i < registered.count; i++) {
    const struct hook *hook = &registered.items[i];
    if (hook->before != before || hook->after != after || hook->context != context)
      registered.items[kept++] = *hook;
  }
  registered.count = kept;
  pthread_mutex_unlock(&lock);
}
