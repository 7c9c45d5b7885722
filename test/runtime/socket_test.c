/* The socket to the server: who is at its other end, and whose descriptor it is. */
#include "socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "expect.h"

#define NOBODY 65534

static char root[200];

/* A socket that listens at `name` in the current directory, as the effective user. */
static int listen_at(const char *name) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(address.sun_path, sizeof address.sun_path, "%s", name);
  int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  EXPECT(bind(descriptor, (struct sockaddr *)&address, sizeof address) == 0 && listen(descriptor, 8) == 0);
  EXPECT(chmod(name, 0777) == 0);
  return descriptor;
}

static bool connect_to(struct hotreload_socket *connection, const char *name, struct hotreload_error *error) {
  char path[512];
  snprintf(path, sizeof path, "%s/%s", root, name);
  *error = (struct hotreload_error){0};
  return hotreload_socket_connect(connection, path, error);
}

static void connect_test(void) {
  struct hotreload_socket connection;
  struct hotreload_error error;
  test_begin("the socket is high, close-on-exec, and does not wait");
  int server = listen_at("own");
  EXPECT(connect_to(&connection, "own", &error));
  EXPECT(connection.descriptor >= 100 && fcntl(connection.descriptor, F_GETFD) == FD_CLOEXEC);
  EXPECT(hotreload_socket_valid(&connection));
  char byte;
  EXPECT(hotreload_socket_receive(&connection, &byte, 1) == -1 && errno == EAGAIN);
  EXPECT(hotreload_socket_send(&connection, "a", 1) == 1);
  hotreload_socket_close(&connection);
  EXPECT(connection.descriptor == -1 && !hotreload_socket_valid(&connection));

  test_begin("a descriptor that the host closed and got again is left alone");
  EXPECT(connect_to(&connection, "own", &error));
  int number = connection.descriptor;
  int host = open("/dev/null", O_RDWR | O_CLOEXEC);
  EXPECT(close(number) == 0 && dup2(host, number) == number);
  EXPECT(!hotreload_socket_valid(&connection));
  EXPECT(hotreload_socket_send(&connection, "a", 1) == -1 && errno == EBADF);
  EXPECT(hotreload_socket_receive(&connection, &byte, 1) == -1 && errno == EBADF);
  hotreload_socket_close(&connection);
  EXPECT(fcntl(number, F_GETFD) != -1); /* the host's descriptor is open still */
  EXPECT(connect_to(&connection, "own", &error));
  int pair[2];
  EXPECT(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0 && dup2(pair[0], connection.descriptor) >= 0);
  EXPECT(!hotreload_socket_valid(&connection)); /* a socket, but another one */
  hotreload_socket_close(&connection);
  close(server);

  test_begin("a server that is gone, or was never there, is an error");
  EXPECT(!connect_to(&connection, "own", &error));
  EXPECT_ERROR(error, E_AGENT_CONNECT);
  EXPECT(!connect_to(&connection, "never", &error));
  EXPECT_ERROR(error, E_AGENT_CONNECT);
  EXPECT(connection.descriptor == -1);

  test_begin("a path that does not fit into an address is an error");
  char deep[200];
  memset(deep, 'd', sizeof deep - 1);
  deep[sizeof deep - 1] = '\0';
  EXPECT(!connect_to(&connection, deep, &error));
  EXPECT_ERROR(error, E_AGENT_CONNECT);
}

/* Connects as `user` to a server of `owner`, and gives back the code. */
static enum hotreload_code connect_as(uid_t owner, uid_t user) {
  static int number;
  char name[32];
  snprintf(name, sizeof name, "user%d", number++);
  EXPECT(seteuid(owner) == 0);
  int server = listen_at(name);
  EXPECT(seteuid(0) == 0 && seteuid(user) == 0);
  struct hotreload_socket connection;
  struct hotreload_error error;
  bool good = connect_to(&connection, name, &error);
  EXPECT(good == (error.code == HOTRELOAD_NO_ERROR));
  hotreload_socket_close(&connection);
  EXPECT(seteuid(0) == 0);
  close(server);
  return error.code;
}

static void peer_test(void) {
  if (geteuid() != 0) {
    printf("# not root: servers of other users are not tried\n");
    return;
  }
  test_begin("the server must be the user's own or root's");
  EXPECT(chmod(root, 0777) == 0);
  EXPECT(connect_as(0, 0) == HOTRELOAD_NO_ERROR);
  EXPECT(connect_as(0, NOBODY) == HOTRELOAD_NO_ERROR);
  EXPECT(connect_as(NOBODY, NOBODY) == HOTRELOAD_NO_ERROR);
  EXPECT(connect_as(NOBODY, 0) == E_AGENT_PEER);
  EXPECT(connect_as(NOBODY, 12345) == E_AGENT_PEER);
}

int main(void) {
  const char *directory = getenv("TMPDIR");
  snprintf(root, sizeof root, "%s/hotreload-socket-XXXXXX", directory ? directory : "/tmp");
  EXPECT(mkdtemp(root) && chdir(root) == 0);
  connect_test();
  peer_test();
  char command[300];
  snprintf(command, sizeof command, "rm -rf '%s'", root);
  EXPECT(system(command) == 0);
  return test_done();
}
