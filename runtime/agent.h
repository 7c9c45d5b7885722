/* The agent: finds the dev server, stays connected to it, and does what it says. */
#ifndef HOTRELOAD_AGENT_H
#define HOTRELOAD_AGENT_H

#include <poll.h>
#include <stdatomic.h>

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
  char *waiting; /* a command that waits for the program, NULL if there is none */
  size_t waiting_length;
  struct hotreload_error error; /* why it is not connected; nobody is told, but a debugger can look */
};

#define HOTRELOAD_LONGEST_NAME 63

/* What any thread of the program may say and read, without having the agent. */
extern atomic_bool hotreload_agent_polled; /* the program takes changes at a point of its own */
extern atomic_bool hotreload_agent_waits;  /* one waits for that */
extern atomic_bool hotreload_agent_wishes; /* the program asked to be brought up to date, and nobody was told yet */
void hotreload_agent_name(const char *name);

/* Takes the change that waits, if there is one, and answers. True if the program was changed. */
bool hotreload_agent_proceed(struct hotreload_agent *agent);

/* Tells the server what the program said meanwhile. */
void hotreload_agent_tell(struct hotreload_agent *agent);

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
