// ptrace(2): seize, interrupt, wait, detach.
#include "threads.h"

#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace hotreload {

namespace {

constexpr int kCallStop = SIGTRAP | 0x80;  // PTRACE_O_TRACESYSGOOD

// What the kernel returns inside of itself for a call to be restarted (include/linux/errno.h).
constexpr int64_t kRestartSys = -512, kRestartNoIntr = -513, kRestartNoHand = -514, kRestartBlock = -516;

bool is_dead(pid_t process, pid_t thread) {
  const std::string state =
      status_field("/proc/" + std::to_string(process) + "/task/" + std::to_string(thread), "State");
  return state.empty() || state[0] == 'Z' || state[0] == 'X';
}

/// True if a signal will be delivered as soon as the thread goes on: then EINTR is what it expects.
bool has_pending_signal(pid_t process, pid_t thread) {
  const std::string folder = "/proc/" + std::to_string(process) + "/task/" + std::to_string(thread);
  const auto set = [&](const char* name) { return strtoull(status_field(folder, name).c_str(), nullptr, 16); };
  return ((set("SigPnd") | set("ShdPnd")) & ~set("SigBlk")) != 0;
}

int64_t result_of(const user_regs_struct& registers, int bits) {
  return bits == 64 ? int64_t(registers.rax) : int64_t(int32_t(registers.rax));
}

bool is_in_call(const user_regs_struct& registers, int bits) {
  return (bits == 64 ? int64_t(registers.orig_rax) : int64_t(int32_t(registers.orig_rax))) >= 0;
}

}  // namespace

bool never_restarts(const user_regs_struct& registers, int bits) {
  if (!is_in_call(registers, bits) || result_of(registers, bits) != -EINTR) return false;
  static const long wide[] = {SYS_epoll_wait, SYS_epoll_pwait, SYS_epoll_pwait2, SYS_semop,    SYS_semtimedop,
                              SYS_msgrcv,     SYS_msgsnd,      SYS_io_getevents, SYS_recvfrom, SYS_recvmsg,
                              SYS_accept,     SYS_accept4,     SYS_rt_sigtimedwait, SYS_io_uring_enter,
                              SYS_recvmmsg,   SYS_sendto,      SYS_sendmsg};
  // i386 (arch/x86/entry/syscalls/syscall_32.tbl): epoll_wait, epoll_pwait, ipc, socketcall, recvfrom, recvmsg, accept4,
  // rt_sigtimedwait and its 64-bit form, epoll_pwait2, semtimedop_time64, io_uring_enter.
  static const long narrow[] = {256, 319, 117, 102, 371, 372, 364, 177, 421, 441, 420, 426};
  const long number = long(registers.orig_rax);
  return bits == 64 ? std::count(std::begin(wide), std::end(wide), number) > 0
                    : std::count(std::begin(narrow), std::end(narrow), number) > 0;
}

user_regs_struct resumed(user_regs_struct registers, int bits) {
  if (!is_in_call(registers, bits)) return registers;
  const int64_t result = result_of(registers, bits);
  const bool again = result == kRestartSys || result == kRestartNoIntr || result == kRestartNoHand;
  if (again || never_restarts(registers, bits)) {
    registers.rax = registers.orig_rax;
    registers.rip -= 2;
  } else if (result == kRestartBlock) {
    registers.rax = bits == 64 ? SYS_restart_syscall : 0;
    registers.rip -= 2;
  }
  registers.orig_rax = ~0ull;
  return registers;
}

Threads::Threads(const Target& target) : target_(&target) {
  // A stop of a thread that is traced is told by SIGCHLD; blocked, it stays until it is asked for.
  sigemptyset(&child_signal_);
  sigaddset(&child_signal_, SIGCHLD);
  sigprocmask(SIG_BLOCK, &child_signal_, nullptr);
}

HeldThread* Threads::find(pid_t thread) {
  for (HeldThread& held : held_) {
    if (held.id == thread) return &held;
  }
  return nullptr;
}

void Threads::forget(pid_t thread) {
  held_.erase(std::remove_if(held_.begin(), held_.end(), [&](const HeldThread& held) { return held.id == thread; }),
              held_.end());
}

Result<Nothing> Threads::seize(pid_t thread, Descendants descendants) {
  const long options = PTRACE_O_TRACESYSGOOD | (descendants == Descendants::kHeld ? PTRACE_O_TRACECLONE : 0);
  if (ptrace(PTRACE_SEIZE, thread, nullptr, options) != 0) {
    if (errno == ESRCH || is_dead(target_->pid(), thread)) return Nothing{};
    const pid_t tracer = atoi(status_field("/proc/" + std::to_string(thread), "TracerPid").c_str());
    if (tracer == getpid()) {  // one that we hold created it
      held_.push_back({thread, false, 0});
      return Nothing{};
    }
    if (tracer != 0) {
      return Error{"E_TRACED", "process " + std::to_string(target_->pid()) + " is being traced by process " +
                                   std::to_string(tracer), ""};
    }
    return Error{"E_PERMISSION",
                 "the system does not allow to stop process " + std::to_string(target_->pid()) + " (ptrace: " +
                     strerror(errno) + "; see /proc/sys/kernel/yama/ptrace_scope)",
                 ""};
  }
  held_.push_back({thread, false, 0});
  return Nothing{};
}

/// Of a held thread, which is in the middle of creating another: it goes on to where it stops as one that was interrupted.
void Threads::after_creation(pid_t creator) {
  unsigned long created = 0;
  if (ptrace(PTRACE_GETEVENTMSG, creator, nullptr, &created) == 0 && !target_->has_thread(pid_t(created))) {
    // A process: none of ours. It is born stopped, so that this takes no time.
    if (waitpid(pid_t(created), nullptr, __WALL) == pid_t(created)) ptrace(PTRACE_DETACH, pid_t(created), nullptr, nullptr);
  }
  ptrace(PTRACE_INTERRUPT, creator, nullptr, nullptr);
  ptrace(PTRACE_CONT, creator, nullptr, nullptr);
}

/// False while it runs. An ended one is neither running nor stopped.
bool Threads::has_stopped(HeldThread* thread) {
  int status = 0;
  const pid_t got = waitpid(thread->id, &status, __WALL | WNOHANG);
  if (got == thread->id && WIFSTOPPED(status)) {
    if (status >> 16 == PTRACE_EVENT_CLONE) {
      after_creation(thread->id);
      return thread->stopped = false;
    }
    const int signal = WSTOPSIG(status);
    const bool event = (status >> 16) == PTRACE_EVENT_STOP;
    thread->stopped = true;
    thread->signal = event || signal == kCallStop ? 0 : signal;
    return true;
  }
  thread->stopped = false;
  return got == thread->id || (got < 0 && errno != EINTR);
}

void Threads::interrupt(HeldThread* thread) {
  if (!has_stopped(thread)) ptrace(PTRACE_INTERRUPT, thread->id, nullptr, nullptr);
}

Result<Nothing> Threads::await(HeldThread* thread, Clock::time_point deadline) {
  while (!thread->stopped && !has_stopped(thread)) {
    if (Clock::now() > deadline) {
      return Error{"E_TIMEOUT",
                   "thread " + std::to_string(thread->id) + " does not stop: it gets no processor, or is busy inside the kernel", ""};
    }
    // Until a thread has stopped: one that is waited for needs a processor too.
    constexpr timespec at_most{0, 20'000'000};
    sigtimedwait(&child_signal_, nullptr, &at_most);
  }
  return Nothing{};
}

bool Threads::go_on(HeldThread* thread, Until until) {
  thread->stopped = false;
  const auto request = until == Until::kNextCall ? PTRACE_SYSCALL : PTRACE_CONT;
  return ptrace(request, thread->id, nullptr, reinterpret_cast<void*>(long(thread->signal))) == 0;
}

Result<Nothing> Threads::hold(pid_t id, Clock::time_point deadline) {
  if (!find(id)) {
    auto seized = seize(id, Descendants::kFree);
    if (!seized) return seized;
  }
  if (find(id)) {
    if (find(id)->stopped) return Nothing{};
    interrupt(find(id));
    auto stopped = await(find(id), deadline);
    if (!stopped) return stopped;
    if (find(id)->stopped) return Nothing{};
    forget(id);
  }
  return target_->failed({"E_EXITED", "thread " + std::to_string(id) + " ended meanwhile", ""});
}

/// Returns whether there were any that were not held yet. From then on, those that the held ones create are held as well,
/// so that only one that was created between the listing and here can be missing.
Result<bool> Threads::seize_all() {
  auto threads = target_->threads();
  if (!threads) return threads.error();
  const size_t before = held_.size();
  for (const pid_t thread : threads.value()) {
    if (find(thread)) continue;
    auto seized = seize(thread, Descendants::kHeld);
    if (!seized) return seized.error();
  }
  return held_.size() > before;
}

Result<Nothing> Threads::stop_held(Clock::time_point deadline) {
  // All are asked before one is waited for: they stop at the same time.
  for (HeldThread& thread : held_) {
    if (!thread.stopped) interrupt(&thread);
  }
  std::vector<pid_t> ended;
  for (HeldThread& thread : held_) {
    auto stopped = await(&thread, deadline);
    if (!stopped) return stopped;
    if (!thread.stopped) ended.push_back(thread.id);
  }
  for (const pid_t thread : ended) forget(thread);
  return Nothing{};
}

Result<Nothing> Threads::hold_all(Clock::time_point deadline) {
  held_since_ = Clock::now();
  for (;;) {
    auto found = seize_all();
    while (found && found.value()) {
      if (Clock::now() > deadline) return Error{"E_TIMEOUT", "new threads appear faster than they can be held", ""};
      found = seize_all();
    }
    if (!found) return found.error();
    const bool all = std::all_of(held_.begin(), held_.end(), [](const HeldThread& thread) { return thread.stopped; });
    if (all) break;  // nobody could have created another since they were listed
    auto stopped = stop_held(deadline);
    if (!stopped) return stopped;
  }
  if (held_.empty()) return Error{"E_EXITED", "process " + std::to_string(target_->pid()) + " ended meanwhile", ""};
  return Nothing{};
}

void Threads::restart_call(const HeldThread& thread) const {
  user_regs_struct registers;
  if (thread.signal != 0 || !read_registers(thread.id, &registers)) return;
  if (!never_restarts(registers, target_->bits()) || has_pending_signal(target_->pid(), thread.id)) return;
  write_registers(thread.id, resumed(registers, target_->bits()));
}

Threads::~Threads() { release(); }

void Threads::release() {
  std::vector<HeldThread> pending;
  for (HeldThread& thread : held_) {
    if (!thread.stopped && !has_stopped(&thread)) pending.push_back(thread);
    else if (thread.stopped) restart_call(thread);
  }
  for (const HeldThread& thread : held_) {
    if (thread.stopped) ptrace(PTRACE_DETACH, thread.id, nullptr, reinterpret_cast<void*>(long(thread.signal)));
  }
  held_ = std::move(pending);
}

bool Threads::read_registers(pid_t thread, user_regs_struct* registers) const {
  return ptrace(PTRACE_GETREGS, thread, nullptr, registers) == 0;
}

bool Threads::write_registers(pid_t thread, const user_regs_struct& registers) const {
  return ptrace(PTRACE_SETREGS, thread, nullptr, &registers) == 0;
}

}  // namespace hotreload
