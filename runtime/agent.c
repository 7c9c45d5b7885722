/* The agent: finds the dev server, stays connected to it, and does what it says. */
#include "agent.h"

#include <stdlib.h>

#include "clock.h"
#include "command.h"
#include "modules.h"

#define MILLISECOND 1000000ull
#define SHORTEST_DELAY (50 * MILLISECOND)
#define LONGEST_DELAY (1000 * MILLISECOND)
#define HANDSHAKE_TIME (5000 * MILLISECOND)

static ssize_t agent_receive(void *owner, void *bytes, size_t size) {
  const struct hotreload_agent *agent = owner;
  return hotreload_socket_receive(&agent->socket, bytes, size);
}

static ssize_t agent_send(void *owner, const void *bytes, size_t size) {
  const struct hotreload_agent *agent = owner;
  return hotreload_socket_send(&agent->socket, bytes, size);
}

static void agent_opened(void *owner, struct hotreload_text *answer) {
  const struct hotreload_agent *agent = owner;
  hotreload_command_greet(&agent->process, answer);
}

static void agent_message(void *owner, const char *text, size_t length, struct hotreload_text *answer) {
  struct hotreload_agent *agent = owner;
  if (hotreload_command_run(&agent->process, agent->session.patches, text, length, answer))
    agent->understood = true;
}

/* Waits longer each time, unless the connection that ended had been of use. */
static void attempt_later(struct hotreload_agent *agent, bool useful) {
  uint64_t longer = agent->delay * 2 < LONGEST_DELAY ? agent->delay * 2 : LONGEST_DELAY;
  agent->delay = useful || agent->delay == 0 ? SHORTEST_DELAY : longer;
  agent->next_attempt = hotreload_clock_nanoseconds() + agent->delay;
}

static bool agent_connect(struct hotreload_agent *agent) {
  char executable[PATH_MAX] = "";
  hotreload_executable_path(executable);
  if (!hotreload_session_find(&agent->session, secure_getenv(HOTRELOAD_SESSION_VARIABLE), executable, &agent->error) ||
      !hotreload_socket_connect(&agent->socket, agent->session.socket, &agent->error))
    return false;
  const struct hotreload_connection_callbacks callbacks = {
      .receive = agent_receive,
      .send = agent_send,
      .opened = agent_opened,
      .message = agent_message,
      .owner = agent,
  };
  agent->connection = hotreload_connection_new(&callbacks);
  if (!agent->connection) {
    hotreload_socket_close(&agent->socket);
    return hotreload_error_set(&agent->error, E_AGENT_MEMORY, "for a connection");
  }
  agent->connected_at = hotreload_clock_nanoseconds();
  agent->understood = false;
  return true;
}

static bool agent_serve(struct hotreload_agent *agent) {
  if (!hotreload_connection_run(agent->connection))
    return hotreload_error_set(&agent->error,
                               hotreload_connection_is_open(agent->connection) ? E_AGENT_CONNECT : E_AGENT_HANDSHAKE,
                               "the connection ended");
  if (!hotreload_connection_is_open(agent->connection) &&
      hotreload_clock_nanoseconds() - agent->connected_at > HANDSHAKE_TIME)
    return hotreload_error_set(&agent->error, E_AGENT_HANDSHAKE, "it took too long");
  return true;
}

void hotreload_agent_begin(struct hotreload_agent *agent, uint64_t delay) {
  agent->delay = delay;
  agent->next_attempt = hotreload_clock_nanoseconds() + delay;
}

void hotreload_agent_step(struct hotreload_agent *agent) {
  if (!agent->connection) {
    if (hotreload_clock_nanoseconds() < agent->next_attempt)
      return;
    if (!agent_connect(agent)) {
      attempt_later(agent, false);
      return;
    }
  }
  if (!agent_serve(agent)) {
    bool old = hotreload_clock_nanoseconds() - agent->connected_at > LONGEST_DELAY;
    bool useful = agent->understood || (old && hotreload_connection_is_open(agent->connection));
    hotreload_agent_disconnect(agent);
    attempt_later(agent, useful);
  }
}

int hotreload_agent_wish(const struct hotreload_agent *agent, struct pollfd *wish) {
  *wish = (struct pollfd){.fd = -1};
  if (agent->connection) {
    wish->fd = agent->socket.descriptor;
    wish->events = hotreload_connection_wants_to_send(agent->connection) ? POLLOUT : POLLIN;
    return (int)(LONGEST_DELAY / MILLISECOND);
  }
  uint64_t now = hotreload_clock_nanoseconds();
  return now < agent->next_attempt ? (int)((agent->next_attempt - now) / MILLISECOND) + 1 : 0;
}

void hotreload_agent_disconnect(struct hotreload_agent *agent) {
  hotreload_connection_free(agent->connection);
  agent->connection = NULL;
  hotreload_socket_close(&agent->socket);
}
