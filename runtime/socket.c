/* The Unix socket to the dev server, in a process whose descriptors belong to somebody else. */
#include "socket.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define LOWEST_DESCRIPTOR 100

/* Moves the descriptor up: with standard input or output closed it would be taken for it. */
static int descriptor_move(int descriptor) {
  int moved = fcntl(descriptor, F_DUPFD_CLOEXEC, LOWEST_DESCRIPTOR);
  if (moved < 0)
    moved = fcntl(descriptor, F_DUPFD_CLOEXEC, 3); /* few descriptors allowed */
  close(descriptor);
  return moved;
}

static bool socket_open(struct hotreload_socket *connection, const char *path) {
  int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0)
    return false;
  connection->descriptor = descriptor_move(descriptor);
  if (connection->descriptor < 0)
    return false;
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (strlen(path) >= sizeof address.sun_path) {
    errno = ENAMETOOLONG;
    return false;
  }
  strcpy(address.sun_path, path);
  return connect(connection->descriptor, (struct sockaddr *)&address, sizeof address) == 0;
}

bool hotreload_socket_connect(struct hotreload_socket *connection, const char *path, struct hotreload_error *error) {
  *connection = (struct hotreload_socket){.descriptor = -1};
  bool connected = socket_open(connection, path);
  int reason = errno;
  struct stat status;
  if (connection->descriptor >= 0 && fstat(connection->descriptor, &status) == 0) {
    connection->device = status.st_dev;
    connection->inode = status.st_ino;
  }
  if (!connected) {
    hotreload_socket_close(connection);
    return hotreload_error_set(error, E_AGENT_CONNECT, "%s: %s", path, strerrorname_np(reason));
  }
  struct ucred peer;
  socklen_t length = sizeof peer;
  if (getsockopt(connection->descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0 ||
      (peer.uid != geteuid() && peer.uid != 0)) {
    hotreload_socket_close(connection);
    return hotreload_error_set(error, E_AGENT_PEER, "%s", path);
  }
  return true;
}

bool hotreload_socket_valid(const struct hotreload_socket *connection) {
  struct stat status;
  return connection->descriptor >= 0 && fstat(connection->descriptor, &status) == 0 && S_ISSOCK(status.st_mode) &&
         status.st_dev == connection->device && status.st_ino == connection->inode;
}

ssize_t hotreload_socket_receive(const struct hotreload_socket *connection, void *bytes, size_t size) {
  if (!hotreload_socket_valid(connection)) {
    errno = EBADF;
    return -1;
  }
  return recv(connection->descriptor, bytes, size, MSG_DONTWAIT);
}

ssize_t hotreload_socket_send(const struct hotreload_socket *connection, const void *bytes, size_t size) {
  if (!hotreload_socket_valid(connection)) {
    errno = EBADF;
    return -1;
  }
  return send(connection->descriptor, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL);
}

void hotreload_socket_close(struct hotreload_socket *connection) {
  if (hotreload_socket_valid(connection))
    close(connection->descriptor);
  connection->descriptor = -1;
}
