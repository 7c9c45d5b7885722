/* Never edited: eight threads that call e1.c and check each result. A version may only rise. */
#define _GNU_SOURCE
#include "report.h"

#include <pthread.h>
#include <time.h>

enum { THREADS = 8, BURST = 10000, LAST_VERSION = 1000000 };

unsigned e1_value(unsigned x);
unsigned e1_pointed(unsigned x);
static unsigned (*volatile pointed)(unsigned) = e1_pointed;

static struct worker {
  long calls, wrong, longest_gap;
  unsigned version, pointed_version;
} workers[THREADS];

static long microseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000L + now.tv_nsec / 1000;
}

static void *work(void *argument) {
  struct worker *self = argument;
  unsigned x = (unsigned)(self - workers) * 7919u + 1;
  unsigned version = 0, pointed_version = 0;
  long last = microseconds();
  for (;;) {
    for (int i = 0; i < BURST; i++) {
      const unsigned now = e1_value(x) - 3 * x;
      const unsigned pointed_now = pointed(x) - 5 * x;
      if (now < version || now > LAST_VERSION || pointed_now < pointed_version || pointed_now > LAST_VERSION)
        __atomic_add_fetch(&self->wrong, 1, __ATOMIC_RELAXED);
      version = now;
      pointed_version = pointed_now;
      x = x * 1664525u + 1013904223u;
      if (i % 500 != 0) continue;
      const long time = microseconds();
      if (time - last > __atomic_load_n(&self->longest_gap, __ATOMIC_RELAXED))
        __atomic_store_n(&self->longest_gap, time - last, __ATOMIC_RELAXED);
      last = time;
    }
    __atomic_store_n(&self->version, version, __ATOMIC_RELAXED);
    __atomic_store_n(&self->pointed_version, pointed_version, __ATOMIC_RELAXED);
    __atomic_add_fetch(&self->calls, BURST, __ATOMIC_RELAXED);
    nanosleep(&(struct timespec){.tv_nsec = 5000 * 1000}, NULL);
    last = microseconds(); /* the pause is ours */
  }
  return NULL;
}

void start_e1(void) {
  for (int i = 0; i < THREADS; i++) {
    pthread_t thread;
    pthread_create(&thread, NULL, work, &workers[i]);
  }
}

void run_e1(void) {
  static long calls[THREADS];
  long wrong = 0, longest = 0;
  unsigned lowest = ~0u, lowest_pointed = ~0u;
  static int still[THREADS];
  int stopped = 0;
  for (int i = 0; i < THREADS; i++) {
    struct worker *worker = &workers[i];
    const long now = __atomic_load_n(&worker->calls, __ATOMIC_RELAXED);
    const long gap = __atomic_load_n(&worker->longest_gap, __ATOMIC_RELAXED);
    const unsigned version = __atomic_load_n(&worker->version, __ATOMIC_RELAXED);
    const unsigned pointed_version = __atomic_load_n(&worker->pointed_version, __ATOMIC_RELAXED);
    wrong += __atomic_load_n(&worker->wrong, __ATOMIC_RELAXED);
    if (gap > longest) longest = gap;
    if (version < lowest) lowest = version;
    if (pointed_version < lowest_pointed) lowest_pointed = pointed_version;
    still[i] = now == calls[i] ? still[i] + 1 : 0;
    calls[i] = now;
    if (still[i] > 500) stopped += 1; /* five seconds without a burst */
  }
  report("E1.wrong", "%ld", wrong);
  report("E1.version", "%u", lowest); /* that of the last thread to arrive */
  report("E1.pointed_version", "%u", lowest_pointed);
  report("E1.stopped", "%d", stopped);
  report("E1.longest_gap_us", "%ld", longest);
}
