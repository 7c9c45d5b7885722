/* What a crash leaves for the report of it, written by a signal handler of the process that crashes.
 *
 * Nobody outside learns where a process stood when a signal ended it, unless it traces it or the system keeps core dumps.
 * So the signals of a crash get a handler, from the first patch on and only where the program has none, that copies
 * registers and stack into a shared mapping of a file, and has the signal come once more, to its default action. It comes
 * before the interrupted code runs on: exit status, core dump, and the place that a debugger shows are the same as
 * without it. The handler asks for no memory, no lock and no descriptor, and uses the alternate stack of a thread that has
 * one. A thread that has no room left on its only stack, or blocks the signal, ends without leaving anything.
 */
#include "crash.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <ucontext.h>
#include <unistd.h>

#include "stat.h"

static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS};
#define SIGNALS (sizeof signals / sizeof signals[0])

/* As rt_sigaction(2) has it on x86-64. */
struct kernel_action {
  void (*handler)(int);
  unsigned long flags;
  void (*restorer)(void);
  uint64_t mask;
};

static struct hotreload_crash *_Atomic record; /* NULL: nothing is recorded */
static pid_t owner;                            /* a child by vfork shares the memory, and not the crash */

static void crash_record(struct hotreload_crash *crash, int signal, const ucontext_t *context, pid_t thread) {
  static const int order[HOTRELOAD_CRASH_REGISTERS] = {REG_RAX, REG_RDX, REG_RCX, REG_RBX, REG_RSI, REG_RDI,
                                                       REG_RBP, REG_RSP, REG_R8,  REG_R9,  REG_R10, REG_R11,
                                                       REG_R12, REG_R13, REG_R14, REG_R15, REG_RIP};
  const greg_t *registers = context->uc_mcontext.gregs;
  crash->signal = (uint64_t)signal;
  crash->thread = (uint64_t)thread;
  for (int i = 0; i < HOTRELOAD_CRASH_REGISTERS; i++)
    crash->registers[i] = (uint64_t)registers[order[i]];
  /* By the kernel, which stops where the stack's mapping does. */
  const struct iovec to = {crash->stack, sizeof crash->stack};
  const struct iovec from = {(void *)registers[REG_RSP], sizeof crash->stack};
  long copied = syscall(SYS_process_vm_readv, owner, &to, 1, &from, 1, 0);
  crash->stack_size = copied > 0 ? (uint64_t)copied : 0;
  atomic_thread_fence(memory_order_release);
  *(volatile uint64_t *)&crash->magic = HOTRELOAD_CRASH_MAGIC;
}

static void crash_handle(int signal, siginfo_t *info, void *context) {
  pid_t process = (pid_t)syscall(SYS_getpid), thread = (pid_t)syscall(SYS_gettid);
  if (process == owner) {
    struct hotreload_crash *crash = atomic_exchange(&record, NULL); /* the first thread that crashes */
    if (crash)
      crash_record(crash, signal, context, thread);
  }
  /* By hand, since a handler that the program installed later may have called this one. */
  const struct kernel_action as_without_us = {.handler = SIG_DFL};
  syscall(SYS_rt_sigaction, signal, &as_without_us, NULL, sizeof as_without_us.mask);
  if (syscall(SYS_rt_tgsigqueueinfo, process, thread, signal, info) != 0)
    syscall(SYS_tgkill, process, thread, signal);
}

/* What the kernel has: a sanitizer puts functions of its own before those of libc, and keeps its handlers to itself. */
static bool is_handled(int signal) {
  struct kernel_action action;
  return syscall(SYS_rt_sigaction, signal, NULL, &action, sizeof action.mask) != 0 || action.handler != SIG_DFL;
}

static void handlers_install(void) {
  struct sigaction ours = {.sa_sigaction = crash_handle, .sa_flags = SA_SIGINFO | SA_ONSTACK};
  for (size_t i = 0; i < SIGNALS; i++)
    sigaddset(&ours.sa_mask, signals[i]);
  for (size_t i = 0; i < SIGNALS; i++) {
    struct sigaction before;
    if (is_handled(signals[i]) || sigaction(signals[i], &ours, &before) != 0)
      continue;
    /* One that the program installed in between comes back at once. */
    if ((before.sa_flags & SA_SIGINFO) || before.sa_handler != SIG_DFL)
      sigaction(signals[i], &before, NULL);
  }
}

/* All of its blocks are there: a handler that writes to a hole on a full disk would be ended by another signal. */
static struct hotreload_crash *file_map(const char *path) {
  unlink(path); /* of this process before it called exec */
  int descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (descriptor < 0)
    return NULL;
  void *mapped = MAP_FAILED;
  if (posix_fallocate(descriptor, 0, sizeof(struct hotreload_crash)) == 0)
    mapped = mmap(NULL, sizeof(struct hotreload_crash), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  close(descriptor);
  if (mapped != MAP_FAILED)
    return mapped;
  unlink(path);
  return NULL;
}

void hotreload_crash_watch(const char *patches) {
  char path[PATH_MAX];
  struct hotreload_stat stat;
  pid_t process = getpid();
  if (owner == process || !hotreload_stat_read(&stat))
    return;
  int length = snprintf(path, sizeof path, "%s/%d-%llu.crash", patches, process, (unsigned long long)stat.start_time);
  if (length >= (int)sizeof path)
    return;
  struct hotreload_crash *mapped = file_map(path);
  if (!mapped)
    return;
  bool inherited = owner != 0; /* and with it the handlers */
  owner = process;
  atomic_store(&record, mapped);
  if (!inherited)
    handlers_install();
}

void hotreload_crash_forked(void) {
  struct hotreload_crash *parents = atomic_exchange(&record, NULL);
  if (parents)
    munmap(parents, sizeof *parents);
}
