/* Time that only goes forward, in nanoseconds. */
#ifndef HOTRELOAD_CLOCK_H
#define HOTRELOAD_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline uint64_t hotreload_clock_nanoseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

#endif
