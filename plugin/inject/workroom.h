// Memory of ours in a process, in which its threads can be borrowed: a page for the stub, and room for data and a stack.
#ifndef HOTRELOAD_INJECT_WORKROOM_H
#define HOTRELOAD_INJECT_WORKROOM_H

#include <optional>
#include <vector>

#include "modules.h"
#include "remote.h"

namespace hotreload {

/// Numbers of system calls in the target.
struct Calls {
  uint64_t mmap, munmap, memfd_create, openat, close;
};

Calls calls_of(int bits);
/// True for what a system call returns if it failed.
bool is_failure(uint64_t result, int bits);

class Workroom {
 public:
  Workroom(const Target& target, const Modules& modules, Threads* threads, Clock::time_point deadline)
      : target_(target), modules_(modules), threads_(threads), deadline_(deadline) {}
  Workroom(const Workroom&) = delete;
  ~Workroom() { leave(); }

  /// Maps the memory, `more` bytes beyond what runs need themselves, and makes an empty file in memory if one is wanted.
  /// Done in any thread, whatever it is at: it makes system calls only.
  /// Errors: E_LOADER (no room for the first instructions, or the process may not map memory), E_BUSY, E_STACK, E_SECCOMP,
  /// E_EXITED, E_PERMISSION, E_TRACED, E_TIMEOUT.
  Result<Nothing> enter(bool with_file, uint64_t more);
  bool is_entered() const { return code_ != 0; }
  /// Gives the memory and the file back, unless a thread may still come back to it.
  void leave();

  /// Runs operations in a held thread. `functions`: they call functions, which may use floating-point registers.
  /// Errors: those of Remote::run.
  Result<Nothing> run(pid_t thread, std::vector<Operation>* operations, bool functions, Clock::time_point deadline);
  /// Addresses of the result and of an argument of one of the operations of a run.
  uint64_t result_of(size_t operation) const;

  uint64_t argument_of(size_t operation, size_t argument) const;

  uint64_t text() const;   ///< room for a path
  uint64_t words() const;  ///< room for four words
  uint64_t more() const;
  int file() const { return file_; }
  /// How long single threads were borrowed, all together.
  double borrowed_ms() const { return borrowed_ms_; }
  void borrowed_since(Clock::time_point begin) {
    borrowed_ms_ += std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
  }

 private:
  std::optional<uint64_t> find_cave() const;
  Result<Nothing> run_first(std::vector<Operation>* operations, Clock::time_point deadline);

  const Target& target_;
  const Modules& modules_;
  Threads* const threads_;
  const Clock::time_point deadline_;
  uint64_t code_ = 0, data_ = 0, more_ = 0;
  int file_ = -1;           ///< descriptor in the process
  bool must_stay_ = false;  ///< a thread may still come back to the memory
  double borrowed_ms_ = 0;
};

}  // namespace hotreload

#endif
