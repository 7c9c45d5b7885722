// Prints primes for ever, one every few milliseconds (the first argument, 200 if there is none).
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int is_prime(unsigned n) {
  for (unsigned divisor = 2; divisor * divisor < n; divisor++)
    if (n % divisor == 0)
      return 0;
  return n > 1;
}

int main(int count, char **arguments) {
  useconds_t pause = (useconds_t)(count > 1 ? atoi(arguments[1]) : 200) * 1000;
  for (unsigned n = 0;; n++) {
    if (!is_prime(n))
      continue;
    printf("%u\n", n);
    fflush(stdout);
    usleep(pause);
  }
}
