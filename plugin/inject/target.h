// A process to be patched, as it is seen from outside: who it belongs to, what it has mapped, its memory.
#ifndef HOTRELOAD_INJECT_TARGET_H
#define HOTRELOAD_INJECT_TARGET_H

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "../elf/core/result.h"

namespace hotreload {

struct Mapping {
  uint64_t start, end;
  bool readable, writable, executable;
  uint64_t offset;  ///< in the file
  std::string device_and_inode;
  std::string path;  ///< as the kernel says it, "" for anonymous memory
};

class Target {
 public:
  /// Looks at /proc/PID and checks what can be checked without touching the process.
  /// Errors: E_PROCESS (there is none), E_PERMISSION (another user's), E_TRACED (names the tracer),
  /// E_ARCHITECTURE, E_SECCOMP (strict mode).
  static Result<Target> open(pid_t pid);
  Target(Target&& other) noexcept;
  Target(const Target&) = delete;
  ~Target();

  pid_t pid() const { return pid_; }
  int bits() const { return bits_; }
  bool has_seccomp_filter() const { return seccomp_filter_; }

  /// Errors: E_EXITED.
  Result<std::vector<Mapping>> mappings() const;
  /// Errors: E_EXITED.
  Result<std::vector<pid_t>> threads() const;
  /// False also for another process.
  bool has_thread(pid_t thread) const;
  /// The same, those first that sleep: they stop at once, whatever the processors are busy with.
  Result<std::vector<pid_t>> threads_at_rest_first() const;
  /// True if the process is stopped by a signal (SIGSTOP, SIGTSTP).
  bool is_stopped() const;
  bool has_exited() const;

  /// Reads memory; false if any of it is not there.
  bool read(uint64_t address, void* to, size_t size) const;
  template <typename T>
  bool read(uint64_t address, T* to) const {
    return read(address, to, sizeof(T));
  }
  std::string read_string(uint64_t address) const;
  /// A pointer of the process.
  bool read_pointer(uint64_t address, uint64_t* to) const;
  /// Opens the memory for writing, whatever its protection. Errors: E_PERMISSION, E_EXITED.
  Result<Nothing> open_memory();
  bool write(uint64_t address, const void* from, size_t size) const;
  /// The failure that a process that is gone explains, else `error`.
  Error failed(Error error) const;

 private:
  Target(pid_t pid) : pid_(pid) {}
  Result<Nothing> examine();

  pid_t pid_;
  int bits_ = 64;
  int memory_ = -1;
  bool seccomp_filter_ = false;
};

/// The value of a line `name: value` of /proc/PID/status, "" if there is none.
std::string status_field(const std::string& folder, const std::string& name);

/// Processes that can be seen.
std::vector<pid_t> all_processes();

}  // namespace hotreload

#endif
