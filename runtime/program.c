/* What the program asks of the agent: see hotreload.h. */
#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include "hotreload.h"
#include "state.h"
#include "thread.h"

#define EXPORT __attribute__((visibility("default")))

EXPORT const char *hotreload_version(void) {
  return HOTRELOAD_VERSION;
}

EXPORT void hotreload_set_polled(int polled) {
  atomic_store(&hotreload_agent_polled, polled != 0);
}

EXPORT int hotreload_poll(void) {
  if (!atomic_load_explicit(&hotreload_agent_waits, memory_order_acquire))
    return 0;
  int reason = errno;
  struct hotreload_agent *agent = hotreload_agent_take();
  bool changed = agent && hotreload_agent_proceed(agent);
  if (agent)
    hotreload_agent_release();
  errno = reason;
  return changed;
}

/* Without the agent at hand its own thread sees to it within a second. */
static void agent_nudge(void) {
  int reason = errno;
  struct hotreload_agent *agent = hotreload_agent_take();
  if (agent) {
    hotreload_agent_tell(agent);
    hotreload_agent_release();
  }
  errno = reason;
}

EXPORT void hotreload_request(void) {
  atomic_store(&hotreload_agent_wishes, true);
  agent_nudge();
}

EXPORT void hotreload_set_name(const char *name) {
  hotreload_agent_name(name);
  agent_nudge();
}

EXPORT void *hotreload_state(const char *key, size_t size) {
  int reason = errno;
  void *memory = hotreload_state_find(key, size);
  errno = reason;
  if (hotreload_state_has_news())
    agent_nudge();
  return memory;
}
