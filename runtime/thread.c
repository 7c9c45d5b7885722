/* The thread that the agent lives in: how it starts with the program, survives fork, and ends with the program.
 *
 * The host must not notice it. It blocks every signal, so handlers run where they ran before. It is asleep unless the
 * server says something. It holds `lock` whenever it is not asleep, and fork waits for that lock: a child never
 * inherits half a patch or a lock of the dynamic loader. A host that forks while it holds the loader's lock, for which
 * the agent waits, would wait for ever; so fork waits for a second at most, and such a child has no agent.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>

#include "crash.h"
#include "redirect.h"
#include "stat.h"
#include "state.h"
#include "thread.h"

#define STACK (512u << 10)        /* touched as far as it is used; constructors of a patch run on it */
#define LARGEST_STACK (256u << 20) /* a program with large thread-local variables needs room for them */
#define FORK_MOMENT 200000        /* nanoseconds between two attempts to get the lock for fork */
#define FORK_PATIENCE 5000        /* attempts: a second and what a sleep takes longer */
#define CHILD_DELAY 50000000      /* nanoseconds: most children call exec before that */
#define LEAVING_INTERVAL 100      /* milliseconds between two looks at who is left */

static struct hotreload_agent agent = {.socket = {.descriptor = -1}};
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_t thread;
static atomic_bool running;      /* there is an agent in this process */
static _Atomic pthread_t taker;  /* the thread that has the agent by hotreload_agent_take, 0 if none */
static _Atomic pthread_t forker; /* the thread that took the lock for fork, 0 if none */
static pthread_key_t first_thread;
static bool first_thread_known;
static atomic_bool first_thread_left; /* it called pthread_exit */
static sigset_t host_signals;

/* ThreadSanitizer ends a forked child that starts a thread. */
extern void __tsan_init(void) __attribute__((weak));

/* A process whose first thread called pthread_exit goes on until its other threads have ended: this one must not be
 * the one that keeps it. */
static bool agent_is_alone(void) {
  struct hotreload_stat stat;
  return atomic_load(&first_thread_left) && hotreload_stat_read(&stat) && stat.first_thread_gone && stat.threads == 2;
}

static void *agent_run(void *argument) {
  (void)argument;
  prctl(PR_SET_NAME, "hotreload");
  while (!agent_is_alone()) {
    struct pollfd wish;
    pthread_mutex_lock(&lock);
    hotreload_agent_step(&agent);
    int timeout = hotreload_agent_wish(&agent, &wish);
    pthread_mutex_unlock(&lock);
    if (atomic_load(&first_thread_left) && timeout > LEAVING_INTERVAL)
      timeout = LEAVING_INTERVAL;
    poll(&wish, 1, timeout);
  }
  atomic_store(&running, false);
  /* The last thread to end runs the handlers of atexit. */
  hotreload_agent_disconnect(&agent);
  pthread_sigmask(SIG_SETMASK, &host_signals, NULL);
  return NULL;
}

static void first_thread_ends(void *value) {
  (void)value;
  atomic_store(&first_thread_left, true);
}

/* Called by the thread that is the process's first one. */
static void agent_start(uint64_t delay) {
  pthread_attr_t attributes;
  sigset_t all;
  if (pthread_attr_init(&attributes) != 0)
    return;
  hotreload_redirect_prepare();
  hotreload_agent_begin(&agent, delay);
  if (first_thread_known)
    pthread_setspecific(first_thread, &agent);
  atomic_store(&first_thread_left, false);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &host_signals);
  atomic_store(&running, true);
  int result = EINVAL;
  for (size_t stack = STACK; result == EINVAL && stack <= LARGEST_STACK; stack *= 4) {
    pthread_attr_setstacksize(&attributes, stack);
    result = pthread_create(&thread, &attributes, agent_run, NULL);
  }
  if (result != 0)
    atomic_store(&running, false);
  pthread_sigmask(SIG_SETMASK, &host_signals, NULL);
  pthread_attr_destroy(&attributes);
}

struct hotreload_agent *hotreload_agent_take(void) {
  if (!atomic_load(&running) || pthread_mutex_trylock(&lock) != 0)
    return NULL;
  atomic_store(&taker, pthread_self());
  return &agent;
}

void hotreload_agent_release(void) {
  atomic_store(&taker, 0);
  pthread_mutex_unlock(&lock);
}

/* It cannot get the lock, since it has it: the agent's own thread in a constructor or a callback, or one that polls. */
static bool has_lock(pthread_t self) {
  return pthread_equal(self, thread) || pthread_equal(self, atomic_load(&taker));
}

static void fork_prepare(void) {
  int reason = errno;
  bool other = atomic_load(&running) && !has_lock(pthread_self());
  const struct timespec moment = {.tv_nsec = FORK_MOMENT};
  /* Not pthread_mutex_clocklock: older sanitizers do not know it, and then complain about the unlock. */
  for (int waited = 0; other && waited < FORK_PATIENCE; waited++) {
    if (pthread_mutex_trylock(&lock) == 0) {
      atomic_store(&forker, pthread_self());
      break;
    }
    nanosleep(&moment, NULL);
  }
  hotreload_state_before_fork();
  errno = reason;
}

static bool fork_unlock(void) {
  if (!pthread_equal(atomic_load(&forker), pthread_self()))
    return false;
  atomic_store(&forker, 0);
  pthread_mutex_unlock(&lock);
  return true;
}

static void fork_parent(void) {
  int reason = errno;
  hotreload_state_after_fork(false);
  fork_unlock();
  errno = reason;
}

static void fork_child(void) {
  int reason = errno;
  hotreload_state_after_fork(true);
  hotreload_crash_forked();
  bool whole = fork_unlock();
  atomic_store(&running, false);
  /* The connection is the parent's. */
  if (whole)
    hotreload_agent_disconnect(&agent);
  else
    hotreload_socket_close(&agent.socket);
  if (whole && !__tsan_init)
    agent_start(CHILD_DELAY);
  errno = reason;
}

__attribute__((constructor)) static void agent_construct(void) {
  int reason = errno;
  /* An allocator registers its own handlers with its first block. They must be older than these: then a child gets its
   * allocator back before it starts a thread. Volatile, or the compiler leaves the two calls out. */
  void *volatile first_block = malloc(1);
  free(first_block);
  if (pthread_atfork(fork_prepare, fork_parent, fork_child) == 0) {
    first_thread_known = pthread_key_create(&first_thread, first_thread_ends) == 0;
    agent_start(0);
  }
  errno = reason;
}
