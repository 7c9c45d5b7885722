// Answers with factorials: a number a line over TCP on the loopback interface, an answer a line.
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static unsigned long answered;

__attribute__((noinline)) unsigned long factorial(unsigned n) {
  unsigned long product = 1;
  for (unsigned i = 2; i < n; i++)
    product *= i;
  return product;
}

static void serve(int connection) {
  char question[64], answer[128];
  ssize_t got;
  while ((got = read(connection, question, sizeof question - 1)) > 0) {
    question[got] = '\0';
    unsigned n = (unsigned)strtoul(question, NULL, 10);
    int length = snprintf(answer, sizeof answer, "%u! = %lu (answer %lu)\n", n, factorial(n), ++answered);
    if (write(connection, answer, (size_t)length) != length)
      return;
  }
}

int main(void) {
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  if (bind(listener, (struct sockaddr *)&address, size) != 0 || listen(listener, 8) != 0)
    return 1;
  getsockname(listener, (struct sockaddr *)&address, &size);
  printf("port %d\n", ntohs(address.sin_port));
  fflush(stdout);
  for (;;) {
    int connection = accept(listener, NULL, NULL);
    if (connection < 0)
      continue;
    serve(connection);
    close(connection);
  }
}
