/* Never edited: threads that call e1.c and check each result, while another one does all that threads do besides: it
 * creates threads, forks, allocates, opens and closes libraries. A version may only rise. */
#define _GNU_SOURCE
#include "report.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MOST_THREADS = 64, BURST = 10000, LAST_VERSION = 1000000 };

unsigned e1_value(unsigned x);
unsigned e1_pointed(unsigned x);
static unsigned (*volatile pointed)(unsigned) = e1_pointed;

static struct worker {
  long calls, wrong, longest_gap;
  unsigned version, pointed_version;
} workers[MOST_THREADS];

static int threads = 8;
static long churned;

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

static void *allocate(void *argument) {
  char *block = malloc(100000);
  if (block) memset(block, (int)e1_value(1), 100000);
  free(block);
  return argument;
}

static void *churn(void *argument) {
  for (;;) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, allocate, NULL) != 0) abort();
    pthread_join(thread, NULL);
    pid_t child = fork();
    if (child == 0) _exit(e1_value(1) >= 3 ? 0 : 1);
    int status = 1;
    if (waitpid(child, &status, 0) != child || status != 0) abort();
    void *library = dlopen("libm.so.6", RTLD_NOW | RTLD_LOCAL);
    if (!library) abort();
    dlclose(library);
    __atomic_add_fetch(&churned, 1, __ATOMIC_RELAXED);
    nanosleep(&(struct timespec){.tv_nsec = 10 * 1000 * 1000}, NULL);
  }
  return argument;
}

void start_e1(void) {
  const char *wanted = getenv("HOTRELOAD_E2E_THREADS");
  if (wanted && atoi(wanted) > 0 && atoi(wanted) <= MOST_THREADS) threads = atoi(wanted);
  pthread_t thread;
  for (int i = 0; i < threads; i++) pthread_create(&thread, NULL, work, &workers[i]);
  pthread_create(&thread, NULL, churn, NULL);
}

void run_e1(void) {
  static long calls[MOST_THREADS];
  long wrong = 0, longest = 0;
  unsigned lowest = ~0u, lowest_pointed = ~0u;
  static int still[MOST_THREADS];
  int stopped = 0;
  for (int i = 0; i < threads; i++) {
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
  report("E1.churns", "%s", __atomic_load_n(&churned, __ATOMIC_RELAXED) > 20 ? "yes" : "no");
}
