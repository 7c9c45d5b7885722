// Reads the filters with PTRACE_SECCOMP_GET_FILTER and interprets them (seccomp(2), classic BPF).
#include "seccomp.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstring>

#ifndef PTRACE_SECCOMP_GET_FILTER
#define PTRACE_SECCOMP_GET_FILTER static_cast<__ptrace_request>(0x420c)
#endif

namespace hotreload {

namespace {

struct NeededCall {
  const char* name;
  int wide, narrow;  ///< numbers of x86-64 and i386
  uint64_t arguments[6];
};

constexpr uint64_t kAnonymous = MAP_PRIVATE | MAP_ANONYMOUS;

const NeededCall needed[] = {
    {"mmap", SYS_mmap, 192, {0, 4096, PROT_READ | PROT_WRITE, kAnonymous, ~0ull, 0}},
    {"mmap", SYS_mmap, 192, {0, 4096, PROT_READ | PROT_EXEC, kAnonymous, ~0ull, 0}},
    {"mmap", SYS_mmap, 192, {0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_DENYWRITE, 3, 0}},
    {"munmap", SYS_munmap, 91, {0, 4096, 0, 0, 0, 0}},
    {"mprotect", SYS_mprotect, 125, {0, 4096, PROT_READ, 0, 0, 0}},
    {"memfd_create", SYS_memfd_create, 356, {0, MFD_CLOEXEC, 0, 0, 0, 0}},
    {"openat", SYS_openat, 295, {uint64_t(AT_FDCWD), 0, O_RDONLY | O_CLOEXEC, 0, 0, 0}},
    {"read", SYS_read, 3, {3, 0, 832, 0, 0, 0}},
    {"newfstatat", SYS_newfstatat, 300, {3, 0, 0, AT_EMPTY_PATH, 0, 0}},
    {"pwrite64", SYS_pwrite64, 181, {3, 0, 5, 0, 0, 0}},
    {"close", SYS_close, 6, {3, 0, 0, 0, 0, 0}},
    {"brk", SYS_brk, 45, {0, 0, 0, 0, 0, 0}},
    {"rt_sigprocmask", SYS_rt_sigprocmask, 175, {2, 0, 0, 8, 0, 0}},
};

/// What the filter returns; refuses by killing where it does something that is not known.
uint32_t run(const std::vector<sock_filter>& program, const seccomp_data& data) {
  uint32_t a = 0, x = 0, memory[BPF_MEMWORDS] = {};
  for (size_t pc = 0, steps = 0; pc < program.size() && steps < 100000; pc++, steps++) {
    const sock_filter& f = program[pc];
    const uint32_t source = BPF_SRC(f.code) == BPF_X ? x : f.k;
    switch (BPF_CLASS(f.code)) {
      case BPF_LD:
        if (BPF_MODE(f.code) == BPF_ABS && f.k + 4 <= sizeof data) memcpy(&a, reinterpret_cast<const char*>(&data) + f.k, 4);
        else if (BPF_MODE(f.code) == BPF_IMM) a = f.k;
        else if (BPF_MODE(f.code) == BPF_MEM && f.k < BPF_MEMWORDS) a = memory[f.k];
        else if (BPF_MODE(f.code) == BPF_LEN) a = sizeof data;
        else return SECCOMP_RET_KILL_PROCESS;
        break;
      case BPF_LDX:
        if (BPF_MODE(f.code) == BPF_IMM) x = f.k;
        else if (BPF_MODE(f.code) == BPF_MEM && f.k < BPF_MEMWORDS) x = memory[f.k];
        else if (BPF_MODE(f.code) == BPF_LEN) x = sizeof data;
        else return SECCOMP_RET_KILL_PROCESS;
        break;
      case BPF_ST:
      case BPF_STX:
        if (f.k >= BPF_MEMWORDS) return SECCOMP_RET_KILL_PROCESS;
        memory[f.k] = BPF_CLASS(f.code) == BPF_ST ? a : x;
        break;
      case BPF_ALU:
        switch (BPF_OP(f.code)) {
          case BPF_ADD: a += source; break;
          case BPF_SUB: a -= source; break;
          case BPF_MUL: a *= source; break;
          case BPF_DIV: a = source == 0 ? 0 : a / source; break;
          case BPF_AND: a &= source; break;
          case BPF_OR: a |= source; break;
          case BPF_XOR: a ^= source; break;
          case BPF_LSH: a = source > 31 ? 0 : a << source; break;
          case BPF_RSH: a = source > 31 ? 0 : a >> source; break;
          case BPF_NEG: a = 0 - a; break;
          default: return SECCOMP_RET_KILL_PROCESS;
        }
        break;
      case BPF_JMP: {
        bool taken = false;
        switch (BPF_OP(f.code)) {
          case BPF_JA: pc += f.k; continue;
          case BPF_JEQ: taken = a == source; break;
          case BPF_JGT: taken = a > source; break;
          case BPF_JGE: taken = a >= source; break;
          case BPF_JSET: taken = (a & source) != 0; break;
          default: return SECCOMP_RET_KILL_PROCESS;
        }
        pc += taken ? f.jt : f.jf;
        break;
      }
      case BPF_RET: return BPF_RVAL(f.code) == BPF_A ? a : f.k;
      case BPF_MISC:
        if (BPF_MISCOP(f.code) == BPF_TAX) x = a;
        else a = x;
        break;
      default: return SECCOMP_RET_KILL_PROCESS;
    }
  }
  return SECCOMP_RET_KILL_PROCESS;
}

}  // namespace

Result<Nothing> check_filters(const Target& target, pid_t thread) {
  if (!target.has_seccomp_filter()) return Nothing{};
  const std::string process = "process " + std::to_string(target.pid());
  for (unsigned long index = 0;; index++) {
    const long length = ptrace(PTRACE_SECCOMP_GET_FILTER, thread, index, nullptr);
    if (length < 0 && errno == ENOENT && index > 0) return Nothing{};
    if (length < 0) {
      return Error{"E_SECCOMP",
                   process + " filters its system calls (seccomp), and whether those of a patch are allowed cannot be "
                             "seen (" + strerror(errno) + "; root can)",
                   ""};
    }
    std::vector<sock_filter> program;
    program.resize(size_t(length));
    ptrace(PTRACE_SECCOMP_GET_FILTER, thread, index, program.data());
    for (const NeededCall& call : needed) {
      seccomp_data data{};
      data.nr = target.bits() == 64 ? call.wide : call.narrow;
      data.arch = target.bits() == 64 ? AUDIT_ARCH_X86_64 : AUDIT_ARCH_I386;
      memcpy(data.args, call.arguments, sizeof data.args);
      const uint32_t verdict = run(program, data) & SECCOMP_RET_ACTION_FULL;
      if (verdict == SECCOMP_RET_ALLOW || verdict == SECCOMP_RET_LOG) continue;
      return Error{"E_SECCOMP", process + " is forbidden by its seccomp filter to call " + call.name + ", which loading a patch needs", ""};
    }
  }
}

}  // namespace hotreload
