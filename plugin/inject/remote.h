// Runs system calls and functions in a thread of the target, which then goes on as if nothing had happened.
#ifndef HOTRELOAD_INJECT_REMOTE_H
#define HOTRELOAD_INJECT_REMOTE_H

#include <array>
#include <vector>

#include "threads.h"

namespace hotreload {

/// See stub.S.
struct Operation {
  enum Kind : uint64_t { kSystemCall = 0, kCall = 1, kSave = 2, kRestore = 3, kWrite = 4 };
  Kind kind;
  uint64_t function;  ///< or number of the system call
  std::array<uint64_t, 6> arguments;
  uint64_t result = 0;
};

/// Memory of the target that a run may use.
struct Workplace {
  uint64_t code;     ///< executable, stub_size() bytes
  uint64_t context;  ///< writable, context_size() bytes from there, and below it what the functions need as their stack
  uint64_t state;    ///< for the floating-point registers, kStateSize bytes, 64-byte aligned; 0: nothing changes them
};

constexpr uint64_t kStateSize = 16384;

uint64_t stub_size(int bits);
uint64_t context_size(int bits, size_t operations);
/// Address of the result of an operation, so that a later one can refer to it.
uint64_t result_place(int bits, uint64_t context, size_t operation);
uint64_t argument_place(int bits, uint64_t context, size_t operation, size_t argument);

/// True if a thread at this place is on its way through a run. If it is none of ours, who began it is dead.
bool is_in_run(const Target& target, uint64_t place);

class Remote {
 public:
  Remote(const Target& target, Threads* threads) : target_(target), threads_(threads) {}

  /// Runs the operations in a held thread, with its signals held back, and sets their results; the thread is held
  /// afterwards, where it was before. Once it has begun the thread finds its way back without us.
  /// Errors: E_EXITED, E_TIMEOUT (a function does not return), E_BUSY (a signal came first) and E_STACK (the context
  /// cannot be written): nothing happened.
  Result<Nothing> run(pid_t thread, const Workplace& place, std::vector<Operation>* operations, Clock::time_point deadline);
  /// False if a signal handler may still come back to the code of a run: its memory must stay.
  bool has_left() const { return left_; }

 private:
  bool write_context(pid_t thread, const Workplace& place, const user_regs_struct& back,
                     const std::vector<Operation>& operations) const;

  const Target& target_;
  Threads* threads_;
  bool left_ = true;
};

}  // namespace hotreload

#endif
