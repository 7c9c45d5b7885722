/* Answers to the WebSocket handshake. */
#include "handshake.h"

#include <stdlib.h>

#include "expect.h"

#define ACCEPT "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
#define GOOD "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" ACCEPT "\r\n"

/* Reads from a copy that ends where the text does, so that the sanitizer sees a step too far. */
static enum hotreload_handshake handshake(const char *text, size_t length, size_t *consumed) {
  char *copy = malloc(length + !length);
  memcpy(copy, text, length);
  enum hotreload_handshake result = hotreload_handshake_read(copy, length, consumed);
  free(copy);
  return result;
}

int main(void) {
  size_t consumed = 0;
  test_begin("the request asks for the agents' endpoint");
  EXPECT(strncmp(hotreload_handshake_request, "GET /agent HTTP/1.1\r\nHost: localhost\r\n", 38) == 0);
  EXPECT(strstr(hotreload_handshake_request, "\r\n\r\n") != NULL);

  test_begin("the right answer is accepted, in any case and with bytes after it");
  EXPECT(handshake(GOOD, strlen(GOOD), &consumed) == HOTRELOAD_HANDSHAKE_DONE && consumed == strlen(GOOD));
  static const char other[] = "HTTP/1.1 101 x\r\nserver: any\r\nCONNECTION:upgrade\r\nupgrade:\tWebSocket \r\n"
                              "sec-websocket-accept:s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n\x81\x00";
  EXPECT(handshake(other, sizeof other - 1, &consumed) == HOTRELOAD_HANDSHAKE_DONE);
  EXPECT(consumed == sizeof other - 3);

  test_begin("any part of the right answer waits for more");
  for (size_t length = 0; length < strlen(GOOD); length++)
    EXPECT(handshake(GOOD, length, &consumed) == HOTRELOAD_HANDSHAKE_MORE);

  static const char *const wrong[] = {
      "HTTP/1.1 400 Bad Request\r\n",
      "HTTP/1.1 200 OK\r\n\r\n",
      "HTTP/1.1 1010 Odd\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" ACCEPT "\r\n",
      "SSH-2.0-OpenSSH\r\n",
      "\x16\x03\x01",
      "HTTP/1.1 101 x\r\n\r\n",
      "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
      "HTTP/1.1 101 x\r\nConnection: Upgrade\r\n" ACCEPT "\r\n",
      "HTTP/1.1 101 x\r\nUpgrade: websocket\r\n" ACCEPT "\r\n",
      "HTTP/1.1 101 x\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n" ACCEPT "\r\n",
      "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: close\r\n" ACCEPT "\r\n",
      "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
      "s3pplmbitxaq9kygzzhzrbk+xoo=\r\n\r\n",
      "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: wrong\r\n\r\n",
      "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" ACCEPT ACCEPT "\r\n",
      "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" ACCEPT "no colon\r\n\r\n",
      "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" ACCEPT
      "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n",
      "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" ACCEPT "Sec-WebSocket-Protocol: chat\r\n\r\n",
  };
  test_begin("any other answer is refused");
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
    if (!EXPECT(handshake(wrong[i], strlen(wrong[i]), &consumed) == HOTRELOAD_HANDSHAKE_REFUSED))
      printf("# %s\n", wrong[i]);

  test_begin("a header without end is refused");
  static char endless[HOTRELOAD_HANDSHAKE_LIMIT];
  memset(endless, 'a', sizeof endless);
  memcpy(endless, "HTTP/1.1 101 ", 13);
  EXPECT(handshake(endless, sizeof endless - 1, &consumed) == HOTRELOAD_HANDSHAKE_MORE);
  EXPECT(handshake(endless, sizeof endless, &consumed) == HOTRELOAD_HANDSHAKE_REFUSED);

  test_begin("junk is refused or waited for, never misread");
  unsigned seed = 1;
  for (int round = 0; round < 20000; round++) {
    char junk[sizeof GOOD + 16];
    size_t length = strlen(GOOD);
    memcpy(junk, GOOD, length);
    for (int i = 0; i < 3; i++) {
      seed = seed * 1103515245u + 12345u;
      junk[(seed >> 8) % length] = (char)(seed >> 24);
    }
    consumed = 0;
    enum hotreload_handshake result = handshake(junk, length, &consumed);
    EXPECT(consumed <= length && result <= HOTRELOAD_HANDSHAKE_REFUSED);
  }
  return test_done();
}
