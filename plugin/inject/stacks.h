// The frames of a held thread, unwound by the modules' own unwind information.
#ifndef HOTRELOAD_INJECT_STACKS_H
#define HOTRELOAD_INJECT_STACKS_H

#include <elfutils/libdwfl.h>

#include <memory>
#include <vector>

#include "modules.h"
#include "threads.h"

namespace hotreload {

struct StackFrames {
  std::vector<uint64_t> places;  ///< where each frame goes on, the innermost first
  bool complete;                 ///< false if unwinding came to an end before the thread's first frame
};

class Stacks {
 public:
  /// Opens the modules' files, so that no thread need be held meanwhile.
  Stacks(const Target& target, const Modules& modules);
  /// The thread is held.
  StackFrames of(const Threads& threads, pid_t thread);

  const Target& target() const { return target_; }
  const Threads* threads() const { return threads_; }

 private:
  struct End {
    void operator()(Dwfl* dwfl) const { dwfl_end(dwfl); }
  };
  const Target& target_;
  const Threads* threads_ = nullptr;  ///< while a stack is unwound
  std::unique_ptr<Dwfl, End> dwfl_;
};

}  // namespace hotreload

#endif
