// Judges the frames of a thread.
#include "borrow.h"

#include <sys/syscall.h>

#include <algorithm>
#include <set>

namespace hotreload {

namespace {

/// System calls in which a program waits for the outside, and which neither the allocator nor the loader makes while it
/// holds a lock (the loader reads files: but then its own frames are on the stack).
const std::set<long> waiting_64 = {
    SYS_read,   SYS_readv,   SYS_write,      SYS_writev,        SYS_pread64,    SYS_poll,           SYS_ppoll,  SYS_select,
    SYS_pselect6, SYS_pause, SYS_nanosleep,  SYS_clock_nanosleep, SYS_accept,   SYS_accept4,        SYS_connect, SYS_sendto,
    SYS_recvfrom, SYS_sendmsg, SYS_recvmsg,  SYS_recvmmsg,      SYS_sendmmsg,   SYS_wait4,          SYS_waitid, SYS_flock,
    SYS_rt_sigtimedwait, SYS_rt_sigsuspend, SYS_epoll_wait, SYS_epoll_pwait, SYS_epoll_pwait2, SYS_io_getevents,
    SYS_semop,  SYS_semtimedop, SYS_msgrcv,  SYS_msgsnd,        SYS_fsync,      SYS_fdatasync,      SYS_sched_yield,
    SYS_io_uring_enter, SYS_splice, SYS_sendfile};
/// The same of i386 (arch/x86/entry/syscalls/syscall_32.tbl).
const std::set<long> waiting_32 = {3,   4,   145, 146, 180, 168, 309, 414, 82,  142, 308, 413, 29,  162, 267, 407, 102,
                                   364, 362, 369, 371, 370, 372, 337, 345, 7,   114, 284, 143, 177, 421, 179, 256, 319,
                                   441, 117, 420, 118, 148, 158, 426};
constexpr long kFutex64 = SYS_futex, kFutex32 = 240, kFutexLong32 = 422;

/// Functions of libc that wait for another thread and hold no lock of the allocator's meanwhile.
bool waits_for_threads(const std::string& function) {
  return function.rfind("pthread_", 0) == 0 || function.rfind("sem_", 0) == 0 || function.rfind("cnd_", 0) == 0 ||
         function.rfind("mtx_", 0) == 0 || function.rfind("thrd_", 0) == 0;
}

/// Functions of libc that call back into the program, and hold nothing meanwhile.
bool calls_back(const std::string& function) {
  static const std::set<std::string> known = {"qsort", "qsort_r", "bsearch", "lfind", "lsearch", "ftw", "nftw", "makecontext"};
  return known.count(function) > 0;
}

}  // namespace

Borrowing::Borrowing(const Target& target, const Modules& modules) : target_(target), modules_(modules) {
  for (const ProcessModule& module : modules.all()) {
    if (module.dynamic == 0) continue;
    if (!library_ && modules.find_in(target, module, "__libc_start_main")) library_ = &module;
    if (!loader_ && modules.find_in(target, module, "_rtld_global")) loader_ = &module;
    if (!allocator_ && &module != loader_ && modules.find_in(target, module, "malloc")) allocator_ = &module;
  }
}

bool Borrowing::is_waiting(const user_regs_struct& registers, bool* on_lock) const {
  const bool wide = target_.bits() == 64;
  const long number = wide ? long(registers.orig_rax) : long(int32_t(registers.orig_rax));
  *on_lock = wide ? number == kFutex64 : number == kFutex32 || number == kFutexLong32;
  return number >= 0 && (*on_lock || (wide ? waiting_64 : waiting_32).count(number) > 0);
}

bool Borrowing::is_safe(const Threads& threads, Stacks* stacks, const HeldThread& thread) const {
  user_regs_struct registers;
  if (thread.signal != 0 || !threads.read_registers(thread.id, &registers)) return false;
  StackFrames frames = stacks->of(threads, thread.id);
  if (!frames.complete || frames.places.empty()) return false;
  bool on_lock = false;
  const bool waiting = is_waiting(registers, &on_lock);
  // The kernel's code stands for whoever called it: on 32-bit x86 it makes the system calls.
  const ProcessModule* innermost_module = modules_.at(frames.places.front());
  if (innermost_module && innermost_module->is_kernel()) frames.places.erase(frames.places.begin());
  if (frames.places.empty()) return false;
  std::vector<const ProcessModule*> owners;
  for (const uint64_t place : frames.places) owners.push_back(modules_.at(place));
  size_t innermost = 0;  // frames of libc at the top
  while (innermost < owners.size() && owners[innermost] == library_) innermost++;
  size_t outermost = owners.size();  // frames of libc that started the thread
  while (outermost > innermost && owners[outermost - 1] != library_) outermost--;
  while (outermost > innermost && owners[outermost - 1] == library_) outermost--;
  const bool in_call = registers.orig_rax != ~0ull && waiting;
  for (size_t i = 0; i < owners.size(); i++) {
    // A frame of libc that called the program again: return addresses are one behind the call.
    const bool middle = i >= innermost && i < outermost;
    if (owners[i] == loader_ && loader_) return false;
    if (!owners[i]) return false;
    if (owners[i] == allocator_ && allocator_ != library_ && (!in_call || on_lock)) return false;
    if (middle && owners[i] == library_ &&
        !calls_back(modules_.function_at(target_, *library_, frames.places[i] - 1))) {
      return false;
    }
  }
  if (innermost == 0) return true;
  if (innermost == owners.size()) return in_call && !on_lock;
  if (!in_call) return false;
  if (!on_lock) return true;
  return waits_for_threads(modules_.function_at(target_, *library_, frames.places[innermost - 1] - 1));
}

}  // namespace hotreload
