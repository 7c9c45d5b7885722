/* The agent: finds the dev server, stays connected to it, and does what it says. */
#include "agent.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "command.h"
#include "crash.h"
#include "message.h"
#include "modules.h"
#include "state.h"

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

atomic_bool hotreload_agent_polled, hotreload_agent_waits, hotreload_agent_wishes;

static pthread_mutex_t name_lock = PTHREAD_MUTEX_INITIALIZER;
static char own_name[HOTRELOAD_LONGEST_NAME + 1];
static atomic_bool name_changed; /* since the server was told */

void hotreload_agent_name(const char *name) {
  pthread_mutex_lock(&name_lock);
  snprintf(own_name, sizeof own_name, "%s", name ? name : "");
  pthread_mutex_unlock(&name_lock);
  atomic_store(&name_changed, true);
}

static void name_copy(char *copy) {
  atomic_store(&name_changed, false);
  pthread_mutex_lock(&name_lock);
  strcpy(copy, own_name);
  pthread_mutex_unlock(&name_lock);
}

static void agent_opened(void *owner, struct hotreload_text *answer) {
  const struct hotreload_agent *agent = owner;
  char name[sizeof own_name];
  name_copy(name);
  if (agent->process.applied_count > 0) /* a forked child, whose code is that of its parent */
    hotreload_crash_watch(agent->session.patches);
  hotreload_command_greet(&agent->process, name, answer);
}

/* A change that the program wants to take at a point of its own. */
static void agent_wait(struct hotreload_agent *agent, const char *text, size_t length, uint64_t id,
                       struct hotreload_text *answer) {
  struct hotreload_error error;
  char *copy = agent->waiting ? NULL : malloc(length);
  if (!copy) {
    hotreload_error_set(&error, agent->waiting ? E_AGENT_BUSY : E_AGENT_MEMORY, "a command");
    hotreload_message_refused(answer, id, &error);
    return;
  }
  agent->waiting = memcpy(copy, text, length);
  agent->waiting_length = length;
  atomic_store_explicit(&hotreload_agent_waits, true, memory_order_release);
  hotreload_message_waiting(answer, id);
}

bool hotreload_agent_proceed(struct hotreload_agent *agent) {
  if (!agent->waiting)
    return false;
  uint64_t before = agent->process.changes;
  char *text = agent->waiting;
  agent->waiting = NULL;
  atomic_store(&hotreload_agent_waits, false);
  struct hotreload_text answer = {0};
  if (hotreload_command_run(&agent->process, agent->session.patches, text, agent->waiting_length, &answer))
    agent->understood = true;
  free(text);
  hotreload_connection_queue(agent->connection, &answer);
  hotreload_connection_run(agent->connection); /* if it is over, the next step sees it too */
  return agent->process.changes != before;
}

void hotreload_agent_tell(struct hotreload_agent *agent) {
  if (!agent->connection || !hotreload_connection_is_open(agent->connection))
    return;
  struct hotreload_text text = {0};
  if (atomic_load(&name_changed)) {
    char name[sizeof own_name];
    name_copy(name);
    hotreload_message_named(&text, name);
    hotreload_connection_queue(agent->connection, &text);
  }
  if (atomic_exchange(&hotreload_agent_wishes, false)) {
    hotreload_message_wish(&text);
    hotreload_connection_queue(agent->connection, &text);
  }
  struct hotreload_state_news news;
  while (hotreload_state_take_news(&news)) {
    hotreload_message_state(&text, &news);
    hotreload_connection_queue(agent->connection, &text);
  }
  hotreload_connection_run(agent->connection);
}

static void agent_message(void *owner, const char *text, size_t length, struct hotreload_text *answer) {
  struct hotreload_agent *agent = owner;
  uint64_t id;
  if (atomic_load(&hotreload_agent_polled) && hotreload_command_waits(text, length, &id))
    agent_wait(agent, text, length, id, answer);
  else if (hotreload_command_run(&agent->process, agent->session.patches, text, length, answer))
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
  if (!atomic_load(&hotreload_agent_polled))
    hotreload_agent_proceed(agent);
  if (atomic_load(&name_changed) || atomic_load(&hotreload_agent_wishes) || hotreload_state_has_news())
    hotreload_agent_tell(agent);
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
  free(agent->waiting);
  agent->waiting = NULL;
  atomic_store(&hotreload_agent_waits, false);
  hotreload_socket_close(&agent->socket);
}
