// Never edited: eight threads, each of which knows what its own variables must hold.
#include "b3.h"
#include "report.h"

#include <pthread.h>
#include <time.h>

enum { THREADS = 8 };

struct Worker {
  long calls, wrong, moved;
  int version, shared_version;
};

static Worker workers[THREADS];

static void *work(void *argument) {
  Worker *self = static_cast<Worker *>(argument);
  const long index = self - workers;
  b3_external += index * 10000; // written by old code, in this thread
  const long *const address = &b3_external;
  for (long calls = 1;; calls++) {
    B3Seen seen = {};
    b3_work(&seen);
    b3_shared_work(&seen.shared_external, &seen.shared_internal, &seen.shared_version);
    const bool right = seen.external == 1000 + index * 10000 + calls && seen.internal == 2000 + calls &&
                       seen.in_function == 3000 + calls && seen.shared_external == 4000 + calls &&
                       seen.shared_internal == 5000 + calls && seen.external == b3_external;
    if (!right) __atomic_add_fetch(&self->wrong, 1, __ATOMIC_RELAXED);
    if (address != &b3_external) __atomic_add_fetch(&self->moved, 1, __ATOMIC_RELAXED);
    __atomic_store_n(&self->version, seen.version, __ATOMIC_RELAXED);
    __atomic_store_n(&self->shared_version, seen.shared_version, __ATOMIC_RELAXED);
    const timespec pause = {0, 2 * 1000 * 1000};
    nanosleep(&pause, nullptr);
  }
}

void start_b3() {
  for (Worker &worker : workers) {
    pthread_t thread;
    pthread_create(&thread, nullptr, work, &worker);
  }
}

void run_b3() {
  long wrong = 0, moved = 0;
  int lowest = 1 << 30, lowest_shared = 1 << 30;
  for (Worker &worker : workers) {
    wrong += __atomic_load_n(&worker.wrong, __ATOMIC_RELAXED);
    moved += __atomic_load_n(&worker.moved, __ATOMIC_RELAXED);
    const int version = __atomic_load_n(&worker.version, __ATOMIC_RELAXED);
    const int shared_version = __atomic_load_n(&worker.shared_version, __ATOMIC_RELAXED);
    if (version < lowest) lowest = version;
    if (shared_version < lowest_shared) lowest_shared = shared_version;
  }
  report("B3.wrong", "%ld", wrong);
  report("B3.moved", "%ld", moved);
  report("B3.version", "%d", lowest); // that of the last thread to arrive
  report("B3.shared_version", "%d", lowest_shared);
}
