/* A WebSocket connection as a client: handshake, then text messages; the bytes come and go through callbacks. */
#ifndef HOTRELOAD_CONNECTION_H
#define HOTRELOAD_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "text.h"

/* A longer message, in one frame or in many, closes the connection. */
#define HOTRELOAD_LONGEST_MESSAGE (16u << 20)

struct hotreload_connection_callbacks {
  /* Like recv and send on a socket that does not block. */
  ssize_t (*receive)(void *owner, void *bytes, size_t size);
  ssize_t (*send)(void *owner, const void *bytes, size_t size);
  /* The handshake is done; what is written into `answer` is sent. */
  void (*opened)(void *owner, struct hotreload_text *answer);
  /* A text message came, valid UTF-8; what is written into `answer` is sent. */
  void (*message)(void *owner, const char *text, size_t length, struct hotreload_text *answer);
  void *owner;
};

struct hotreload_connection;

/* NULL if there is not enough memory. Nothing is sent yet. */
struct hotreload_connection *hotreload_connection_new(const struct hotreload_connection_callbacks *callbacks);

/* Queues a text message behind those that wait, and frees the text. Only after the handshake. */
void hotreload_connection_queue(struct hotreload_connection *connection, struct hotreload_text *text);

/* Sends and receives what can be without waiting, but not for ever: call it again when the socket is ready. Returns
 * false when the connection is over: closed by the server, failed, or ended because of what the server sent. */
bool hotreload_connection_run(struct hotreload_connection *connection);

/* True if the handshake is done. */
bool hotreload_connection_is_open(const struct hotreload_connection *connection);

/* What to wait for before the next call: room to send if true (nothing is received meanwhile), else bytes. */
bool hotreload_connection_wants_to_send(const struct hotreload_connection *connection);

/* Frees it, NULL included; the socket is the caller's. */
void hotreload_connection_free(struct hotreload_connection *connection);

#endif
