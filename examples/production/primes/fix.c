// Squares of primes were taken for primes: 4, 9, 25.
#include <stdio.h>

static unsigned asked;

int is_prime(unsigned n) {
  if (asked++ == 0)
    printf("fixed at %u\n", n);
  for (unsigned divisor = 2; divisor * divisor <= n; divisor++)
    if (n % divisor == 0)
      return 0;
  return n > 1;
}
