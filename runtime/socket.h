/* The Unix socket to the dev server, in a process whose descriptors belong to somebody else. */
#ifndef HOTRELOAD_SOCKET_H
#define HOTRELOAD_SOCKET_H

#include <stddef.h>
#include <sys/types.h>

#include "errors.h"

/* A host may close every descriptor that it does not know (daemons do) and get the same number for a file of its
 * own. So the descriptor is used only while it is still this socket. */
struct hotreload_socket {
  int descriptor; /* -1 if there is none */
  dev_t device;
  ino_t inode;
};

/* Connects without waiting, close-on-exec, above the descriptors that a shell or a program counts on. The server's
 * uid must be the effective user's or root's.
 * Errors: E_AGENT_CONNECT, E_AGENT_PEER. */
bool hotreload_socket_connect(struct hotreload_socket *socket, const char *path, struct hotreload_error *error);

/* True while the descriptor is still this socket. */
bool hotreload_socket_valid(const struct hotreload_socket *socket);

/* Like recv and send without waiting and without SIGPIPE; -1 with EBADF if the descriptor is not the socket. */
ssize_t hotreload_socket_receive(const struct hotreload_socket *socket, void *bytes, size_t size);
ssize_t hotreload_socket_send(const struct hotreload_socket *socket, const void *bytes, size_t size);

/* Closes the socket; a descriptor that became the host's stays as it is. */
void hotreload_socket_close(struct hotreload_socket *socket);

#endif
