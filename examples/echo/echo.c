/* Answers each line that a client sends. Changes come between two events, and every connection lives through them. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#ifdef HOTRELOAD_PREPARED
#include "hotreload.h"
#else /* built without hotreload: the server is the same */
#define hotreload_set_polled(polled) ((void)(polled))
#define hotreload_set_name(name) ((void)(name))
#define hotreload_poll() 0
#endif

#define EVENTS 16
#define PATIENCE 100 /* milliseconds until changes are looked for without an event */

static long lines;

static int answer(char *out, size_t size, const char *line) {
  return snprintf(out, size, "%ld %s\n", ++lines, line); /* edit me */
}

/* A client whose line is longer than this, or comes in pieces, gets several answers. */
static void serve(int client) {
  char line[400], out[500];
  ssize_t length = read(client, line, sizeof line - 1);
  if (length <= 0) {
    close(client); /* epoll forgets it */
    return;
  }
  line[length] = '\0';
  line[strcspn(line, "\r\n")] = '\0';
  int written = answer(out, sizeof out, line);
  if (write(client, out, (size_t)written) < 0)
    close(client);
}

static int open_listener(void) {
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  if (bind(listener, (struct sockaddr *)&address, size) != 0 || listen(listener, 16) != 0 ||
      getsockname(listener, (struct sockaddr *)&address, &size) != 0)
    return -1;
  printf("listening on 127.0.0.1:%d\n", ntohs(address.sin_port));
  return listener;
}

static void handle(int events, int listener, const struct epoll_event *event) {
  int ready = event->data.fd;
  if (ready != listener) {
    serve(ready);
    return;
  }
  struct epoll_event added = {.events = EPOLLIN, .data.fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC)};
  if (added.data.fd >= 0)
    epoll_ctl(events, EPOLL_CTL_ADD, added.data.fd, &added);
}

int main(void) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  int listener = open_listener(), events = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event added = {.events = EPOLLIN, .data.fd = listener}, ready[EVENTS];
  if (listener < 0 || epoll_ctl(events, EPOLL_CTL_ADD, listener, &added) != 0)
    return 1;
  hotreload_set_polled(1);
  hotreload_set_name("echo");
  for (;;) {
    int count = epoll_wait(events, ready, EVENTS, PATIENCE);
    for (int i = 0; i < count; i++)
      handle(events, listener, &ready[i]);
    hotreload_poll(); /* here, and nowhere else */
  }
}
