// The threads of a process, held with ptrace: stopped without a signal, and released as if nothing had happened.
//
// PTRACE_SEIZE sends no signal. A signal that arrives meanwhile is handed on when its thread is released. System calls
// that were interrupted go on by themselves, save those for which the kernel returns EINTR after any stop
// (epoll_wait, semop: signal(7)): these are begun again. If this process dies, the kernel releases all threads.
#ifndef HOTRELOAD_INJECT_THREADS_H
#define HOTRELOAD_INJECT_THREADS_H

#include <signal.h>
#include <sys/user.h>

#include <chrono>
#include <vector>

#include "target.h"

namespace hotreload {

using Clock = std::chrono::steady_clock;

struct HeldThread {
  pid_t id;
  bool stopped;
  int signal;  ///< that is to be delivered when it goes on, or 0
  bool group;  ///< the whole process is stopped by a signal
};

class Threads {
 public:
  explicit Threads(const Target& target);
  Threads(const Threads&) = delete;
  ~Threads();

  /// Holds one thread. Errors: E_PERMISSION, E_EXITED, E_TIMEOUT (it does not react: in the kernel).
  Result<Nothing> hold(pid_t thread, Clock::time_point deadline);
  /// Holds all, those included that are created meanwhile. Errors: the same.
  Result<Nothing> hold_all(Clock::time_point deadline);
  /// Lets all go on.
  void release();
  /// Lets one go on, still held by ptrace: it stops again for a signal, or when it is interrupted.
  bool go_on(HeldThread* thread);
  /// Interrupts one that went on. Errors: E_TIMEOUT.
  Result<Nothing> interrupt(HeldThread* thread, Clock::time_point deadline);
  /// What a thread that went on has come to: false while it runs. An ended one is neither running nor stopped.
  bool has_stopped(HeldThread* thread);

  /// Sleeps until a thread has stopped, or the time is over: a thread that is waited for needs a processor too.
  void sleep(long nanoseconds) const;

  const std::vector<HeldThread>& held() const { return held_; }
  HeldThread* find(pid_t thread);

  bool read_registers(pid_t thread, user_regs_struct* registers) const;
  bool write_registers(pid_t thread, const user_regs_struct& registers) const;

 private:
  Result<Nothing> seize(pid_t thread);
  Result<Nothing> await(HeldThread* thread, Clock::time_point deadline);
  void restart_call(const HeldThread& thread) const;
  void forget(pid_t thread);

  const Target* target_;
  sigset_t child_signal_;
  std::vector<HeldThread> held_;
};

/// The registers with which a thread goes on that was interrupted with these: a system call that was interrupted is
/// begun again, as the kernel would do it.
user_regs_struct resumed(user_regs_struct registers, int bits);

/// True if the kernel would have returned EINTR for our stop alone.
bool never_restarts(const user_regs_struct& registers, int bits);

}  // namespace hotreload

#endif
