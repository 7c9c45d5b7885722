/* The client's half of the WebSocket handshake (RFC 6455, section 4).
 *
 * The key proves that the other end speaks WebSocket and is not a cache that repeats an old answer. On a Unix socket
 * there is no cache, so the key is the RFC's own example, whose answer is known, and SHA-1 is not needed. Who the
 * other end is, its socket's credentials tell.
 */
#include "handshake.h"

#include <stdbool.h>
#include <string.h>

#define KEY "dGhlIHNhbXBsZSBub25jZQ=="
#define ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

const char hotreload_handshake_request[] = "GET /agent HTTP/1.1\r\n"
                                           "Host: localhost\r\n"
                                           "Upgrade: websocket\r\n"
                                           "Connection: Upgrade\r\n"
                                           "Sec-WebSocket-Key: " KEY "\r\n"
                                           "Sec-WebSocket-Version: 13\r\n"
                                           "\r\n";

/* ASCII only: the host's locale must not decide what equals what. */
static bool equal(const char *bytes, size_t length, const char *word, bool any_case) {
  if (strlen(word) != length)
    return false;
  for (size_t i = 0; i < length; i++) {
    char a = bytes[i], b = word[i];
    if (any_case && a >= 'A' && a <= 'Z')
      a = (char)(a | 0x20);
    if (a != b)
      return false;
  }
  return true;
}

struct answer {
  bool upgrade;
  bool connection;
  bool accept;
  bool wrong; /* a second accept value, or an extension or protocol that was not asked for */
};

static void field_read(struct answer *answer, const char *line, size_t length) {
  const char *colon = memchr(line, ':', length);
  if (!colon) {
    answer->wrong = true;
    return;
  }
  size_t name = (size_t)(colon - line);
  const char *value = colon + 1, *end = line + length;
  while (value < end && (*value == ' ' || *value == '\t'))
    value++;
  while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
    end--;
  size_t size = (size_t)(end - value);
  if (equal(line, name, "upgrade", true)) {
    answer->upgrade = equal(value, size, "websocket", true);
  } else if (equal(line, name, "connection", true)) {
    answer->connection = equal(value, size, "upgrade", true);
  } else if (equal(line, name, "sec-websocket-accept", true)) {
    answer->wrong |= answer->accept || !equal(value, size, ACCEPT, false);
    answer->accept = true;
  } else if (equal(line, name, "sec-websocket-extensions", true) ||
             equal(line, name, "sec-websocket-protocol", true)) {
    answer->wrong = true;
  }
}

enum hotreload_handshake hotreload_handshake_read(const char *bytes, size_t length, size_t *consumed) {
  static const char status[] = "HTTP/1.1 101";
  size_t known = length < sizeof status - 1 ? length : sizeof status - 1;
  if (memcmp(bytes, status, known) != 0)
    return HOTRELOAD_HANDSHAKE_REFUSED;
  const char *end = memmem(bytes, length, "\r\n\r\n", 4);
  if (!end)
    return length < HOTRELOAD_HANDSHAKE_LIMIT ? HOTRELOAD_HANDSHAKE_MORE : HOTRELOAD_HANDSHAKE_REFUSED;
  if (bytes[known] != ' ' && bytes[known] != '\r')
    return HOTRELOAD_HANDSHAKE_REFUSED;
  struct answer answer = {0};
  const char *line = memmem(bytes, length, "\r\n", 2);
  while (line < end) {
    line += 2;
    const char *next = memmem(line, (size_t)(end + 2 - line), "\r\n", 2);
    field_read(&answer, line, (size_t)(next - line));
    line = next;
  }
  *consumed = (size_t)(end - bytes) + 4;
  return answer.upgrade && answer.connection && answer.accept && !answer.wrong ? HOTRELOAD_HANDSHAKE_DONE
                                                                              : HOTRELOAD_HANDSHAKE_REFUSED;
}
