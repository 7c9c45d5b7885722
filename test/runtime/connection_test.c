/* A connection whose bytes are scripted: what the server sends, in which pieces, and when nothing can be sent. */
#include "connection.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "expect.h"

#define ANSWER                                                                                                         \
  "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"                                  \
  "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"

/* The other end. */
struct script {
  const unsigned char *incoming; /* what the server sends, then nothing or the end */
  size_t incoming_length;
  size_t taken;
  size_t piece; /* bytes a call, at most */
  bool ends;
  bool blocked; /* nothing can be sent */
  unsigned char outgoing[1 << 16];
  size_t outgoing_length;
  size_t outgoing_total;
  int opened;
  int messages;
  size_t longest;
  char last[256];
};

static ssize_t script_receive(void *owner, void *bytes, size_t size) {
  struct script *script = owner;
  size_t left = script->incoming_length - script->taken;
  if (left == 0) {
    errno = EAGAIN;
    return script->ends ? 0 : -1;
  }
  size = size < left ? size : left;
  size = script->piece && size > script->piece ? script->piece : size;
  memcpy(bytes, script->incoming + script->taken, size);
  script->taken += size;
  return (ssize_t)size;
}

static ssize_t script_send(void *owner, const void *bytes, size_t size) {
  struct script *script = owner;
  if (script->blocked) {
    errno = EAGAIN;
    return -1;
  }
  size = script->piece && size > script->piece ? script->piece : size;
  if (script->outgoing_length + size <= sizeof script->outgoing) {
    memcpy(script->outgoing + script->outgoing_length, bytes, size);
    script->outgoing_length += size;
  }
  script->outgoing_total += size;
  return (ssize_t)size;
}

static void script_opened(void *owner, struct hotreload_text *answer) {
  ((struct script *)owner)->opened++;
  hotreload_text_literal(answer, "hello");
}

static void script_message(void *owner, const char *text, size_t length, struct hotreload_text *answer) {
  struct script *script = owner;
  script->messages++;
  script->longest = length > script->longest ? length : script->longest;
  snprintf(script->last, sizeof script->last, "%.*s", (int)(length < 200 ? length : 200), text);
  hotreload_text_literal(answer, "answer to ");
  hotreload_text_append(answer, text, length < 64 ? length : 64);
}

static struct hotreload_connection *connection_for(struct script *script) {
  const struct hotreload_connection_callbacks callbacks = {.receive = script_receive,
                                                           .send = script_send,
                                                           .opened = script_opened,
                                                           .message = script_message,
                                                           .owner = script};
  return hotreload_connection_new(&callbacks);
}

/* Runs until nothing more comes in. True if the connection is still there. */
static bool run(struct script *script, const void *incoming, size_t length) {
  struct hotreload_connection *connection = connection_for(script);
  script->incoming = incoming;
  script->incoming_length = length;
  bool alive = true;
  for (size_t before = 0, rounds = 0; alive && rounds < 1000000; rounds++) {
    alive = hotreload_connection_run(connection);
    if (rounds > 2 && script->taken == before && script->taken == length &&
        !hotreload_connection_wants_to_send(connection))
      break;
    before = script->taken;
  }
  hotreload_connection_free(connection);
  return alive;
}

static unsigned char stream[20u << 20];
static size_t stream_length;

static void add(const void *bytes, size_t length) {
  memcpy(stream + stream_length, bytes, length);
  stream_length += length;
}

/* A frame as a server sends it; `first` is the byte with FIN and opcode. */
static void frame(unsigned char first, const void *payload, size_t length) {
  unsigned char header[10] = {first, (unsigned char)length};
  size_t header_length = 2;
  if (length > 125) {
    header[1] = length > 0xffff ? 127 : 126;
    header_length = length > 0xffff ? 10 : 4;
    for (size_t i = 2; i < header_length; i++)
      header[i] = (unsigned char)((uint64_t)length >> 8 * (header_length - 1 - i));
  }
  add(header, header_length);
  if (payload)
    add(payload, length);
}

static void begin(void) {
  stream_length = 0;
  add(ANSWER, sizeof ANSWER - 1);
}

/* Unmasks the frames that were sent, and joins opcode and payload of each as text: "1:hello 1:answer ". */
static const char *sent(const struct script *script) {
  static char text[4096];
  size_t used = 0;
  const unsigned char *at = script->outgoing, *end = at + script->outgoing_length;
  const unsigned char *blank = memmem(at, script->outgoing_length, "\r\n\r\n", 4);
  text[0] = '\0';
  for (at = blank ? blank + 4 : end; end - at >= 6; ) {
    size_t length = at[1] & 0x7f, header = length == 126 ? 4 : 2;
    if (length == 126)
      length = (size_t)at[2] << 8 | at[3];
    if (!(at[1] & 0x80) || (size_t)(end - at) < header + 4 + length)
      return "not masked, or cut off";
    const unsigned char *mask = at + header, *payload = mask + 4;
    used += (size_t)snprintf(text + used, sizeof text - used, "%x:", at[0]);
    for (size_t i = 0; i < length && used + 2 < sizeof text; i++)
      text[used++] = (char)(payload[i] ^ mask[i % 4]);
    used += (size_t)snprintf(text + used, sizeof text - used, " ");
    at = payload + length;
  }
  return text;
}

static void handshake_test(void) {
  test_begin("handshake and messages come through in pieces of any size");
  for (size_t piece = 1; piece < 300; piece += piece < 20 ? 1 : 40) {
    struct script script = {.piece = piece};
    begin();
    frame(0x81, "one", 3);
    frame(0x81, "two", 3);
    EXPECT(run(&script, stream, stream_length));
    EXPECT(script.opened == 1 && script.messages == 2);
    EXPECT(strncmp((char *)script.outgoing, "GET /agent HTTP/1.1\r\n", 21) == 0);
    EXPECT(strcmp(sent(&script), "81:hello 81:answer to one 81:answer to two ") == 0);
  }

  test_begin("an answer that is none ends the connection, and so does its end at any byte");
  for (size_t length = 0; length < sizeof ANSWER - 1; length++) {
    struct script script = {.ends = true};
    EXPECT(!run(&script, ANSWER, length) && script.opened == 0);
  }
  struct script script = {0};
  EXPECT(!run(&script, "HTTP/1.1 403 Forbidden\r\n\r\n", 26) && script.opened == 0);
  begin();
  stream[stream_length - 10] ^= 1;
  EXPECT(!run(&script, stream, stream_length) && script.opened == 0);
  memset(stream, 'a', 100000);
  memcpy(stream, "HTTP/1.1 101 ", 13);
  EXPECT(!run(&script, stream, 100000) && script.opened == 0);
}

static void frames_test(void) {
  test_begin("a message in fragments with a ping between them is one message, and the ping is answered");
  struct script script = {.piece = 7};
  begin();
  frame(0x01, "hal", 3);
  frame(0x89, "ping", 4);
  frame(0x00, "", 0);
  frame(0x80, "ves", 3);
  EXPECT(run(&script, stream, stream_length));
  EXPECT(script.messages == 1 && strcmp(script.last, "halves") == 0);
  EXPECT(strcmp(sent(&script), "81:hello 8a:ping 81:answer to halves ") == 0);

  test_begin("a close is answered, and ends the connection");
  script = (struct script){0};
  begin();
  frame(0x88, "\x03\xe8", 2);
  EXPECT(!run(&script, stream, stream_length));
  EXPECT(strcmp(sent(&script), "81:hello 88:\x03\xe8 ") == 0);

  test_begin("the end of the stream ends the connection, at any byte of a message");
  begin();
  frame(0x81, "message", 7);
  for (size_t length = sizeof ANSWER - 1; length <= stream_length; length++) {
    script = (struct script){.ends = true};
    EXPECT(!run(&script, stream, length) && script.messages == (length == stream_length));
  }
}

static void wrong_frame(const char *sentence, const void *bytes, size_t length) {
  struct script script = {0};
  begin();
  add(bytes, length);
  frame(0x81, "after", 5);
  test_begin(sentence);
  EXPECT(!run(&script, stream, stream_length));
  EXPECT(script.opened == 1 && script.messages == 0);
}

static void wrong_frames_test(void) {
  wrong_frame("a binary message ends the connection", "\x82\x01x", 3);
  wrong_frame("a masked frame ends the connection", "\x81\x81\x01\x02\x03\x04x", 7);
  wrong_frame("a reserved bit ends the connection", "\xc1\x01x", 3);
  wrong_frame("an unknown opcode ends the connection", "\x83\x01x", 3);
  wrong_frame("a continuation of nothing ends the connection", "\x80\x01x", 3);
  wrong_frame("a message within a message ends the connection", "\x01\x01x\x81\x01y", 6);
  wrong_frame("a ping in fragments ends the connection", "\x09\x01x", 3);
  wrong_frame("a long ping ends the connection", "\x89\x7e\x00\x80", 4);
  wrong_frame("text that is not UTF-8 ends the connection", "\x81\x02\xc0\x80", 4);
  wrong_frame("half a character at the end ends the connection", "\x81\x01\xe2", 3);
  wrong_frame("a length with its highest bit ends the connection", "\x81\x7f\xff\xff\xff\xff\xff\xff\xff\xff", 10);
  wrong_frame("a length that is written too long ends the connection", "\x81\x7e\x00\x05hello", 9);
  wrong_frame("HTTP instead of frames ends the connection", "HTTP/1.1 400 Bad Request\r\n\r\n", 28);

  test_begin("a frame of more than 16 MiB ends the connection before it is received");
  struct script script = {0};
  begin();
  unsigned char header[10] = {0x81, 127, 0, 0, 0, 0, 1, 0, 0, 1};
  add(header, sizeof header);
  size_t before = stream_length;
  memset(stream + stream_length, 'a', 1 << 20);
  EXPECT(!run(&script, stream, stream_length + (1 << 20)));
  EXPECT(script.messages == 0 && script.taken <= before + 8192);
  EXPECT(strstr(sent(&script), "88:\x03\xf1 ") != NULL); /* 1009 */

  test_begin("fragments of more than 16 MiB together end the connection");
  static unsigned char megabyte[1 << 20];
  memset(megabyte, 'a', sizeof megabyte);
  script = (struct script){0};
  begin();
  frame(0x01, megabyte, sizeof megabyte);
  for (int i = 0; i < 17; i++)
    frame(0x00, megabyte, sizeof megabyte);
  EXPECT(!run(&script, stream, stream_length) && script.messages == 0);
  EXPECT(strstr(sent(&script), "88:\x03\xf1 ") != NULL);

  test_begin("a message of 16 MiB is one, in fragments of one byte too");
  script = (struct script){0};
  begin();
  frame(0x01, megabyte, sizeof megabyte);
  for (int i = 0; i < 14; i++)
    frame(0x00, megabyte, sizeof megabyte);
  frame(0x80, megabyte, sizeof megabyte);
  EXPECT(run(&script, stream, stream_length) && script.messages == 1 && script.longest == 16u << 20);
  script = (struct script){0};
  begin();
  frame(0x01, "a", 1);
  for (int i = 0; i < 300000; i++)
    frame(0x00, i % 2 ? "b" : "", i % 2);
  frame(0x80, "c", 1);
  EXPECT(run(&script, stream, stream_length) && script.messages == 1 && script.longest == 150002);
}

static void pressure_test(void) {
  test_begin("while nothing can be sent nothing more is received");
  struct script script = {0};
  begin();
  for (int i = 0; i < 10000; i++)
    frame(0x81, "command", 7);
  struct hotreload_connection *connection = connection_for(&script);
  script.incoming = stream;
  script.incoming_length = sizeof ANSWER - 1;
  EXPECT(hotreload_connection_wants_to_send(connection) && hotreload_connection_run(connection));
  EXPECT(hotreload_connection_is_open(connection) && !hotreload_connection_wants_to_send(connection));
  script.blocked = true;
  script.incoming_length = stream_length;
  for (int i = 0; i < 100; i++)
    EXPECT(hotreload_connection_run(connection));
  EXPECT(hotreload_connection_wants_to_send(connection));
  EXPECT(script.messages < 1000); /* what one read had brought in */
  script.blocked = false;
  for (int i = 0; i < 10000 && script.messages < 10000; i++)
    EXPECT(hotreload_connection_run(connection));
  EXPECT(script.messages == 10000 && !hotreload_connection_wants_to_send(connection));
  EXPECT(script.outgoing_total > 10000 * 17);
  hotreload_connection_free(connection);
}

static void junk_test(void) {
  test_begin("junk ends the connection or is waited for, and never anything worse");
  unsigned seed = 7;
  int alive = 0, ended = 0;
  for (int round = 0; round < 4000; round++) {
    struct script script = {.ends = round % 2};
    begin();
    for (int part = 0; part < 4; part++) {
      unsigned char bytes[64];
      for (size_t i = 0; i < sizeof bytes; i++) {
        seed = seed * 1103515245u + 12345u;
        bytes[i] = (unsigned char)(seed >> 16);
      }
      static const unsigned char plausible[] = {0x81, 0x01, 0x00, 0x80, 0x89, 0x8a, 0x88, 0x82};
      if (bytes[0] % 3)
        bytes[0] = plausible[bytes[1] % 8], bytes[1] &= 0x7f;
      add(bytes, 1 + bytes[2] % sizeof bytes);
    }
    if (run(&script, stream, stream_length))
      alive++;
    else
      ended++;
  }
  EXPECT(alive + ended == 4000 && ended > 1000);
}

int main(void) {
  handshake_test();
  frames_test();
  wrong_frames_test();
  pressure_test();
  junk_test();
  return test_done();
}
