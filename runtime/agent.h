/* The agent: finds the dev server, stays connected to it, and does what it says. */
#ifndef HOTRELOAD_AGENT_H
#define HOTRELOAD_AGENT_H

#include <poll.h>

#include "connection.h"
#include "process.h"
#include "session.h"
#include "socket.h"

struct hotreload_agent {
  struct hotreload_process process;
  struct hotreload_session session; /* of the connection */
  struct hotreload_socket socket;
  struct hotreload_connection *connection; /* NULL while not connected */
  uint64_t connected_at;                   /* nanoseconds, hotreload_clock_nanoseconds */
  bool understood;                         /* a command came over this connection */
  uint64_t delay;                          /* nanoseconds until the next attempt */
  uint64_t next_attempt;
  struct hotreload_error error; /* why it is not connected; nobody is told, but a debugger can look */
};

/* Starts without a connection. The first attempt to connect comes after `delay` nanoseconds. */
void hotreload_agent_begin(struct hotreload_agent *agent, uint64_t delay);

/* Does what can be done without waiting. */
void hotreload_agent_step(struct hotreload_agent *agent);

/* What to wait for before the next step; the descriptor is -1 if there is only time to wait for. Returns the longest
 * time to wait, in milliseconds. */
int hotreload_agent_wish(const struct hotreload_agent *agent, struct pollfd *wish);

/* Drops the connection. */
void hotreload_agent_disconnect(struct hotreload_agent *agent);

#endif
