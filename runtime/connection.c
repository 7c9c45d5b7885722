/* A WebSocket connection as a client: handshake, then text messages; the bytes come and go through callbacks.
 *
 * wslay splits bytes into frames and checks them. It does not gather messages here ("no buffering"): its own buffer
 * trusts malloc, and costs a block for each fragment. While an answer waits to be sent nothing is received, so a
 * server that sends without reading cannot make the process hold more than one answer.
 */
#include "connection.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <wslay/wslay.h>

#include "handshake.h"

#define MOST_IN_A_RUN (1u << 20) /* bytes received in one call */

enum phase { SENDING_REQUEST, READING_ANSWER, OPEN };

struct hotreload_connection {
  struct hotreload_connection_callbacks callbacks;
  enum phase phase;
  size_t request_sent;
  char header[HOTRELOAD_HANDSHAKE_LIMIT]; /* the answer to the handshake, and what came with it */
  size_t header_length;
  size_t header_used;
  wslay_event_context_ptr frames;
  struct hotreload_text message; /* gathered so far */
  bool control_frame;            /* the frame being received is a ping, pong or close */
  size_t budget;                 /* bytes that this run may still receive */
};

static void connection_fail(struct hotreload_connection *connection, uint16_t status) {
  wslay_event_shutdown_read(connection->frames);
  wslay_event_queue_close(connection->frames, status, NULL, 0);
}

void hotreload_connection_queue(struct hotreload_connection *connection, struct hotreload_text *text) {
  struct wslay_event_msg message = {
      .opcode = WSLAY_TEXT_FRAME, .msg = (const uint8_t *)text->data, .msg_length = text->length};
  if (text->failed || (text->length && wslay_event_queue_msg(connection->frames, &message) != 0))
    connection_fail(connection, WSLAY_CODE_INTERNAL_SERVER_ERROR);
  hotreload_text_free(text);
}

static ssize_t frames_receive(wslay_event_context_ptr frames, uint8_t *bytes, size_t size, int flags, void *data) {
  (void)flags;
  struct hotreload_connection *connection = data;
  size_t left = connection->header_length - connection->header_used;
  if (left) {
    size = left < size ? left : size;
    memcpy(bytes, connection->header + connection->header_used, size);
    connection->header_used += size;
    return (ssize_t)size;
  }
  if (connection->budget < size || wslay_event_want_write(frames)) {
    wslay_event_set_error(frames, WSLAY_ERR_WOULDBLOCK);
    return -1;
  }
  ssize_t got = connection->callbacks.receive(connection->callbacks.owner, bytes, size);
  if (got > 0) {
    connection->budget -= (size_t)got;
    return got;
  }
  bool wait = got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
  wslay_event_set_error(frames, wait ? WSLAY_ERR_WOULDBLOCK : WSLAY_ERR_CALLBACK_FAILURE);
  return -1;
}

static ssize_t frames_send(wslay_event_context_ptr frames, const uint8_t *bytes, size_t size, int flags, void *data) {
  (void)flags;
  struct hotreload_connection *connection = data;
  ssize_t sent = connection->callbacks.send(connection->callbacks.owner, bytes, size);
  if (sent > 0)
    return sent;
  bool wait = sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
  wslay_event_set_error(frames, wait ? WSLAY_ERR_WOULDBLOCK : WSLAY_ERR_CALLBACK_FAILURE);
  return -1;
}

/* RFC 6455 asks for a mask that cannot be foretold; that matters to proxies only, so early at boot any will do. */
static int frames_mask(wslay_event_context_ptr frames, uint8_t *bytes, size_t size, void *data) {
  (void)frames;
  (void)data;
  if (getrandom(bytes, size, GRND_NONBLOCK) != (ssize_t)size)
    memset(bytes, 0x5a, size);
  return 0;
}

static void frame_begin(wslay_event_context_ptr frames, const struct wslay_event_on_frame_recv_start_arg *frame,
                        void *data) {
  (void)frames;
  struct hotreload_connection *connection = data;
  connection->control_frame = wslay_is_ctrl_frame(frame->opcode);
  if (frame->opcode == WSLAY_BINARY_FRAME)
    connection_fail(connection, WSLAY_CODE_UNSUPPORTED_DATA);
}

static void frame_gather(wslay_event_context_ptr frames, const struct wslay_event_on_frame_recv_chunk_arg *chunk,
                         void *data) {
  struct hotreload_connection *connection = data;
  if (connection->control_frame || !wslay_event_want_read(frames))
    return;
  if (chunk->data_length > HOTRELOAD_LONGEST_MESSAGE - connection->message.length) {
    connection_fail(connection, WSLAY_CODE_MESSAGE_TOO_BIG);
    return;
  }
  hotreload_text_append(&connection->message, (const char *)chunk->data, chunk->data_length);
  if (connection->message.failed)
    connection_fail(connection, WSLAY_CODE_MESSAGE_TOO_BIG);
}

static void message_end(wslay_event_context_ptr frames, const struct wslay_event_on_msg_recv_arg *message,
                        void *data) {
  struct hotreload_connection *connection = data;
  if (wslay_is_ctrl_frame(message->opcode))
    return;
  if (wslay_event_want_read(frames)) {
    struct hotreload_text answer = {0};
    const char *text = connection->message.length ? connection->message.data : "";
    connection->callbacks.message(connection->callbacks.owner, text, connection->message.length, &answer);
    hotreload_connection_queue(connection, &answer);
  }
  hotreload_text_free(&connection->message);
}

struct hotreload_connection *hotreload_connection_new(const struct hotreload_connection_callbacks *callbacks) {
  static const struct wslay_event_callbacks frame_callbacks = {
      .recv_callback = frames_receive,
      .send_callback = frames_send,
      .genmask_callback = frames_mask,
      .on_frame_recv_start_callback = frame_begin,
      .on_frame_recv_chunk_callback = frame_gather,
      .on_msg_recv_callback = message_end,
  };
  struct hotreload_connection *connection = calloc(1, sizeof *connection);
  if (!connection)
    return NULL;
  connection->callbacks = *callbacks;
  if (wslay_event_context_client_init(&connection->frames, &frame_callbacks, connection) != 0) {
    free(connection);
    return NULL;
  }
  wslay_event_config_set_no_buffering(connection->frames, 1);
  wslay_event_config_set_max_recv_msg_length(connection->frames, HOTRELOAD_LONGEST_MESSAGE);
  return connection;
}

/* True if the call failed for good, false if it only has to wait. */
static bool handshake_failed(ssize_t result) {
  return result == 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

static bool request_send(struct hotreload_connection *connection) {
  size_t length = strlen(hotreload_handshake_request);
  while (connection->request_sent < length) {
    ssize_t sent = connection->callbacks.send(connection->callbacks.owner,
                                              hotreload_handshake_request + connection->request_sent,
                                              length - connection->request_sent);
    if (sent <= 0)
      return !handshake_failed(sent);
    connection->request_sent += (size_t)sent;
  }
  connection->phase = READING_ANSWER;
  return true;
}

static bool answer_read(struct hotreload_connection *connection) {
  while (connection->phase == READING_ANSWER) {
    ssize_t got = connection->callbacks.receive(connection->callbacks.owner,
                                                connection->header + connection->header_length,
                                                sizeof connection->header - connection->header_length);
    if (got <= 0)
      return !handshake_failed(got);
    connection->header_length += (size_t)got;
    enum hotreload_handshake state =
        hotreload_handshake_read(connection->header, connection->header_length, &connection->header_used);
    if (state == HOTRELOAD_HANDSHAKE_REFUSED)
      return false;
    if (state == HOTRELOAD_HANDSHAKE_DONE) {
      connection->phase = OPEN;
      struct hotreload_text answer = {0};
      connection->callbacks.opened(connection->callbacks.owner, &answer);
      hotreload_connection_queue(connection, &answer);
    }
  }
  return true;
}

/* Sends what waits, receives if nothing does, and sends the answers. */
static bool frames_run(struct hotreload_connection *connection) {
  wslay_event_context_ptr frames = connection->frames;
  connection->budget = MOST_IN_A_RUN;
  if (wslay_event_send(frames) != 0)
    return false;
  if (!wslay_event_want_write(frames) && wslay_event_recv(frames) != 0) {
    wslay_event_send(frames); /* the reason, as far as it goes */
    return false;
  }
  return wslay_event_send(frames) == 0 && wslay_event_want_read(frames);
}

bool hotreload_connection_run(struct hotreload_connection *connection) {
  if (connection->phase == SENDING_REQUEST && !request_send(connection))
    return false;
  if (connection->phase == READING_ANSWER && !answer_read(connection))
    return false;
  return connection->phase != OPEN || frames_run(connection);
}

bool hotreload_connection_is_open(const struct hotreload_connection *connection) {
  return connection->phase == OPEN;
}

bool hotreload_connection_wants_to_send(const struct hotreload_connection *connection) {
  return connection->phase == SENDING_REQUEST ||
         (connection->phase == OPEN && wslay_event_want_write(connection->frames));
}

void hotreload_connection_free(struct hotreload_connection *connection) {
  if (!connection)
    return;
  wslay_event_context_free(connection->frames);
  hotreload_text_free(&connection->message);
  free(connection);
}
