// An HTTP server with threads: each accepts connections on its own and answers every request with the same page.
#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static atomic_ulong requests;
static int listener;

__attribute__((noinline)) int page(char *to, size_t room, unsigned long number) {
  return snprintf(to, room, "old %lu", number);
}

static void *serve(void *unused) {
  (void)unused;
  for (;;) {
    int connection = accept(listener, NULL, NULL);
    char request[4096], body[256], answer[512];
    ssize_t got;
    while (connection >= 0 && (got = read(connection, request, sizeof request - 1)) > 0) {
      request[got] = '\0';
      int size = page(body, sizeof body, atomic_fetch_add(&requests, 1));
      int length = snprintf(answer, sizeof answer, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", size, body);
      if (write(connection, answer, (size_t)length) != length)
        break;
    }
    if (connection >= 0)
      close(connection);
  }
  return NULL;
}

int main(int count, char **arguments) {
  int threads = count > 1 ? atoi(arguments[1]) : 64;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  listener = socket(AF_INET, SOCK_STREAM, 0);
  if (bind(listener, (struct sockaddr *)&address, size) != 0 || listen(listener, 512) != 0)
    return 1;
  getsockname(listener, (struct sockaddr *)&address, &size);
  printf("port %d\n", ntohs(address.sin_port));
  fflush(stdout);
  for (int i = 1; i < threads; i++) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, serve, NULL) != 0)
      return 1;
  }
  serve(NULL);
}
