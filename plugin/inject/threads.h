// The threads of a process, held with ptrace: stopped without a signal, and released as if nothing had happened.
//
// PTRACE_SEIZE sends no signal. A signal that arrives meanwhile is handed on when its thread is released. System calls
// that were interrupted go on by themselves, save those for which the kernel returns EINTR after any stop
// (epoll_wait, semop: signal(7)): these are begun again. If this process dies, the kernel releases all threads.
//
// While all are held, the kernel holds what they create from its first instruction on (PTRACE_O_TRACECLONE): a process that
// creates threads without end is stopped like any other.
//
// A thread that is asked to stop and gets no processor, or is deep in the kernel, cannot be let go before it has stopped.
// So there is one object of this class for all that is done to a process: it keeps such threads in mind.
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
};

/// How far a thread goes on, if nothing else stops it.
enum class Until { kStop, kNextCall };

class Threads {
 public:
  explicit Threads(const Target& target);
  Threads(const Threads&) = delete;
  ~Threads();

  /// Holds one thread. Errors: E_PERMISSION, E_TRACED, E_EXITED, E_TIMEOUT (it does not stop: it gets no processor, or is
  /// busy in the kernel).
  Result<Nothing> hold(pid_t thread, Clock::time_point deadline);
  /// Holds all, those included that are created meanwhile. Errors: the same.
  Result<Nothing> hold_all(Clock::time_point deadline);
  /// Since when the threads that hold_all held have been standing still.
  Clock::time_point held_since() const { return held_since_; }
  /// Lets all go on. Those that have not stopped yet are let go the next time, or at the end of this process.
  void release();
  /// Lets one go on, still held by ptrace: it stops again for a signal, or when it is interrupted.
  bool go_on(HeldThread* thread, Until until);
  /// Waits until one that went on has stopped or ended. Errors: E_TIMEOUT.
  Result<Nothing> await(HeldThread* thread, Clock::time_point deadline);

  const std::vector<HeldThread>& held() const { return held_; }
  HeldThread* find(pid_t thread);

  bool read_registers(pid_t thread, user_regs_struct* registers) const;
  bool write_registers(pid_t thread, const user_regs_struct& registers) const;

 private:
  enum class Descendants { kFree, kHeld };

  Result<Nothing> seize(pid_t thread, Descendants descendants);
  Result<bool> seize_all();
  Result<Nothing> stop_held(Clock::time_point deadline);
  void after_creation(pid_t creator);
  bool has_stopped(HeldThread* thread);
  void interrupt(HeldThread* thread);
  void restart_call(const HeldThread& thread) const;
  void forget(pid_t thread);

  const Target* target_;
  sigset_t child_signal_;
  Clock::time_point held_since_ = Clock::now();
  std::vector<HeldThread> held_;
};

/// The registers with which a thread goes on that was interrupted with these: a system call that was interrupted is
/// begun again, as the kernel would do it.
user_regs_struct resumed(user_regs_struct registers, int bits);

/// True if the kernel would have returned EINTR for our stop alone.
bool never_restarts(const user_regs_struct& registers, int bits);

}  // namespace hotreload

#endif
