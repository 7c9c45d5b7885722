// The same file, corrected: it counts in tens.
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static long sum;
int step = 1;

__attribute__((noinline)) static long next(void) {
  static long count;
  count += 10 * step;
  sum += count;
  return count;
}

int main(int count, char **arguments) {
  useconds_t pause = (useconds_t)(count > 1 ? atoi(arguments[1]) : 500) * 1000;
  for (;;) {
    long now = next();
    printf("count %ld sum %ld\n", now, sum);
    fflush(stdout);
    usleep(pause);
  }
}
