/* The client's half of the WebSocket handshake (RFC 6455, section 4). */
#ifndef HOTRELOAD_HANDSHAKE_H
#define HOTRELOAD_HANDSHAKE_H

#include <stddef.h>

/* The request, ends with NUL. */
extern const char hotreload_handshake_request[];

/* The answer's header must fit into this many bytes. */
#define HOTRELOAD_HANDSHAKE_LIMIT 4096

enum hotreload_handshake {
  HOTRELOAD_HANDSHAKE_MORE,    /* the header is not complete yet */
  HOTRELOAD_HANDSHAKE_DONE,    /* accepted; frames begin at `*consumed` */
  HOTRELOAD_HANDSHAKE_REFUSED, /* not the answer of a WebSocket server to our request, or too long */
};

/* Judges what was received so far. */
enum hotreload_handshake hotreload_handshake_read(const char *bytes, size_t length, size_t *consumed);

#endif
