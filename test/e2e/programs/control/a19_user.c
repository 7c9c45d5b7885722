#include "a19.h"
#include "report.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#define A19_AREA(side) a19_area(side)

static atomic_int of_thread;

/* Stands on a stack for ever, and goes on calling what it was compiled to call. */
static void *a19_loop(void *unused) {
  for (;;) {
    of_thread = A19_AREA(5);
    usleep(2000);
  }
  return unused;
}

void start_a19(void) {
  pthread_t thread;
  pthread_create(&thread, NULL, a19_loop, NULL);
  while (of_thread == 0) usleep(1000);
}

void run_a19(void) {
  report("A19.area", "%d", A19_AREA(3));
  report("A19.loop", "%d", atomic_load(&of_thread));
  report("A19.cxx", "%d", a19_cxx(3));
}
