// Counts up twice a second and says so. The count is a static variable: a reload changes the code, the count goes on.
#include <stdio.h>
#include <time.h>

static long count;

static long step(void) {
  return 1; // edit me: 10
}

static void say(long value) {
  printf("count %ld\n", value); // edit me: "so far %ld\n"
}

int main(void) {
  const struct timespec half_a_second = {0, 500000000};

  setvbuf(stdout, NULL, _IOLBF, 0);
  for (;;) {
    count += step();
    say(count);
    nanosleep(&half_a_second, NULL);
  }
}
