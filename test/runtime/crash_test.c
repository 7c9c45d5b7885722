/* Processes that crash: each a child of this one, watched by hotreload_crash_watch or not. */
#include "crash.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "expect.h"
#include "stat.h"

static const char *folder;
static struct hotreload_crash crash;
static volatile int *volatile nowhere;
static volatile int zero;

#define AS_WRITTEN __attribute__((no_sanitize("address", "undefined"), noinline))

AS_WRITTEN static void fault(void) { *nowhere = 1; }

static void *run_fault(void *argument) {
  fault();
  return argument;
}

static void fault_in_thread(void) {
  pthread_t thread;
  pthread_create(&thread, NULL, run_fault, NULL);
  pthread_join(thread, NULL);
}

AS_WRITTEN static void divide(void) { zero = 100 / zero; }

static void trap(void) { __asm__ volatile("int3"); }

static void illegal(void) { __asm__ volatile("ud2"); }

static void killed(void) {
  kill(getpid(), SIGSEGV);
  for (;;)
    pause();
}

/* The compiler must not see that it never ends. */
AS_WRITTEN static int overflow_by(volatile char *frame) {
  volatile char block[4096];
  block[0] = frame ? *frame : 0;
  return *nowhere == 1 && zero ? 0 : overflow_by(block) + block[0];
}

static void overflow(void) {
  static int one;
  nowhere = &one;
  zero = overflow_by(NULL);
}

static void overflow_elsewhere(void) {
  static char alternate[64 << 10];
  sigaltstack(&(stack_t){.ss_sp = alternate, .ss_size = sizeof alternate}, NULL);
  overflow();
}

static void handle_and_leave(int signal) { _exit(signal == SIGSEGV ? 7 : 8); }

static void handle_later(void) {
  signal(SIGSEGV, handle_and_leave);
  fault();
}

static struct sigaction before;

static void handle_and_pass_on(int signal, siginfo_t *info, void *context) { before.sa_sigaction(signal, info, context); }

static void pass_on(void) {
  sigaction(SIGSEGV, &(struct sigaction){.sa_sigaction = handle_and_pass_on, .sa_flags = SA_SIGINFO}, &before);
  fault();
}

static void fork_and_fault(void) {
  pid_t child = fork();
  if (child == 0) {
    hotreload_crash_forked();
    hotreload_crash_watch(folder);
    fault();
  }
  waitpid(child, NULL, 0);
  fault();
}

static void vfork_and_fault(void) {
  pid_t child = vfork();
  if (child == 0)
    fault();
  waitpid(child, NULL, 0);
  _exit(9);
}

/* What ended a child that does this, as wait tells it; what it left is in `crash`, which is zero if that is nothing. */
static int end_of(void (*body)(void), void (*prepare)(void), bool watched) {
  int ready[2], status = -1;
  struct hotreload_stat stat = {0};
  char path[256];
  if (pipe(ready) != 0)
    return -1;
  pid_t child = fork();
  if (child == 0) {
    setrlimit(RLIMIT_CORE, &(struct rlimit){0});
    const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS};
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
      signal(signals[i], SIG_DFL); /* a sanitizer has handlers of its own */
    if (prepare)
      prepare();
    if (watched)
      hotreload_crash_watch(folder);
    if (!hotreload_stat_read(&stat) || write(ready[1], &stat, sizeof stat) != sizeof stat)
      _exit(1);
    body();
    _exit(0);
  }
  EXPECT(read(ready[0], &stat, sizeof stat) == sizeof stat);
  close(ready[0]);
  close(ready[1]);
  EXPECT(waitpid(child, &status, 0) == child);
  memset(&crash, 0, sizeof crash);
  snprintf(path, sizeof path, "%s/%d-%llu.crash", folder, child, (unsigned long long)stat.start_time);
  int file = open(path, O_RDONLY);
  EXPECT((file >= 0) == watched);
  if (file >= 0)
    EXPECT(read(file, &crash, sizeof crash) == sizeof crash && close(file) == 0 && unlink(path) == 0);
  return status;
}

static bool left_at(void (*function)(void)) {
  uint64_t place = crash.registers[HOTRELOAD_CRASH_REGISTERS - 1];
  return crash.magic == HOTRELOAD_CRASH_MAGIC && place - (uint64_t)function < 200 && crash.stack_size > 64;
}

static void ignore_pipe(void) { signal(SIGPIPE, SIG_IGN); }

static void handle_before(void) { signal(SIGSEGV, handle_and_leave); }

static int files_left(void) {
  char command[300];
  snprintf(command, sizeof command, "test -z \"$(ls -A %s)\"", folder);
  return system(command);
}

int main(void) {
  char name[] = "crashes.XXXXXX";
  folder = mkdtemp(name);

  test_begin("a crash leaves where it was and its stack, and the process ends as it would without that");
  static const struct {
    void (*body)(void);
    int signal;
  } ends[] = {{fault, SIGSEGV}, {divide, SIGFPE}, {trap, SIGTRAP}, {illegal, SIGILL}};
  for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
    int without = end_of(ends[i].body, NULL, false);
    EXPECT(WIFSIGNALED(without) && WTERMSIG(without) == ends[i].signal);
    EXPECT(end_of(ends[i].body, NULL, true) == without);
    EXPECT(left_at(ends[i].body) && crash.signal == (uint64_t)ends[i].signal);
  }

  test_begin("so does one in another thread, by abort(), or by a signal from somebody else");
  EXPECT(WTERMSIG(end_of(fault_in_thread, NULL, true)) == SIGSEGV && left_at(fault));
  int status = end_of(abort, NULL, false);
  EXPECT(end_of(abort, NULL, true) == status && crash.signal == SIGABRT && crash.stack_size > 64);
  status = end_of(killed, NULL, true);
  EXPECT(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV && crash.signal == SIGSEGV);

  test_begin("a stack that is full ends the process by the same signal, and leaves something where there is another one");
  EXPECT(WTERMSIG(end_of(overflow, NULL, true)) == SIGSEGV);
  EXPECT(WTERMSIG(end_of(overflow_elsewhere, NULL, true)) == SIGSEGV);
  EXPECT(crash.magic == HOTRELOAD_CRASH_MAGIC && crash.signal == SIGSEGV);

  test_begin("a program that handles the signal itself goes on doing so, whenever it began to");
  status = end_of(fault, handle_before, true);
  EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == 7 && crash.magic == 0);
  status = end_of(handle_later, ignore_pipe, true);
  EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == 7 && crash.magic == 0);

  test_begin("a handler that passes the signal on to the one before it ends the process");
  status = end_of(pass_on, NULL, true);
  EXPECT(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV && left_at(fault));

  test_begin("a child that crashes leaves a file of its own, or by vfork none, and its parent's stays its own");
  EXPECT(WTERMSIG(end_of(fork_and_fault, NULL, true)) == SIGSEGV && left_at(fault));
  EXPECT(files_left() != 0);
  char command[300];
  snprintf(command, sizeof command, "rm %s/*.crash", folder);
  EXPECT(system(command) == 0);
  status = end_of(vfork_and_fault, NULL, true);
  EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == 9 && crash.magic == 0);

  EXPECT(files_left() == 0 && rmdir(folder) == 0);
  return test_done();
}
