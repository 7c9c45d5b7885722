/* The agent as other threads of the program may touch it. */
#ifndef HOTRELOAD_THREAD_H
#define HOTRELOAD_THREAD_H

#include "agent.h"

/* The agent, the caller's alone until hotreload_agent_release; NULL if another thread has it just now, or if there is
 * none in this process. Does not wait. */
struct hotreload_agent *hotreload_agent_take(void);

void hotreload_agent_release(void);

#endif
