#define _GNU_SOURCE
#include "report.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

static atomic_int broken, result;

__attribute__((noinline)) static int a24_callee(int x) { return x + 1; }

/* Keeps many values over the call. They add up, whatever the callee does to the registers that it may use. */
static void *a24_loop(void *start) {
  long a = (long)start, b = a + 1, c = a + 2, d = a + 3, e = a + 4, f = a + 5, g = a + 6, h = a + 7, i = a + 8;
  double u = 1.5, v = 2.5, w = 3.5;
  for (;;) {
    for (int n = 0; n < 1000; n++) {
      result = a24_callee((int)a);
      a++, b++, c++, d++, e++, f++, g++, h++, i++;
      u += 1, v += 1, w += 1;
      if (b - a != 1 || c - a != 2 || d - a != 3 || e - a != 4 || f - a != 5 || g - a != 6 || h - a != 7 || i - a != 8)
        broken = 1;
      if (v - u != 1 || w - u != 2) broken = 1;
      if (a > 1000) a -= 1000, b -= 1000, c -= 1000, d -= 1000, e -= 1000, f -= 1000, g -= 1000, h -= 1000, i -= 1000;
    }
    usleep(1000);
  }
  return NULL;
}

static volatile int thousand = 1000;
static atomic_int used, calls;

__attribute__((noinline)) static int a24_extra(void) { return thousand; }

/* Does not use its last argument yet. */
__attribute__((noinline)) int a24_used(int x, int extra) { calls++; return x * 2; }

static void *a24_knows(void *unused) {
  for (;;) {
    used = a24_used(4, a24_extra());
    usleep(2000);
  }
  return unused;
}

void start_a24(void) {
  pthread_t thread;
  pthread_create(&thread, NULL, a24_loop, NULL);
  pthread_create(&thread, NULL, a24_knows, NULL);
  pthread_setname_np(thread, "a24 knows");
}

void run_a24(void) {
  report("A24.values", "%s", broken ? "broken" : "kept");
  report("A24.callee", "%s", result > 100000 ? "new" : "old");
  report("A24.used", "%d", a24_used(4, a24_extra()));
  report("A24.by_loop", "%d", used);
}
