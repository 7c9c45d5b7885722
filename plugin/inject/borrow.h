// Which threads of a process may be borrowed to call its dynamic loader.
//
// dlopen allocates memory and takes the loader's lock. A thread that is inside the allocator or the loader itself may
// hold their locks already, or stand in the middle of their data: it must not be borrowed. Other threads keep running
// meanwhile, so locks that they hold are released in the end.
#ifndef HOTRELOAD_INJECT_BORROW_H
#define HOTRELOAD_INJECT_BORROW_H

#include "modules.h"
#include "stacks.h"
#include "threads.h"

namespace hotreload {

class Borrowing {
 public:
  Borrowing(const Target& target, const Modules& modules);
  /// The thread is held and stopped.
  bool is_safe(const Threads& threads, Stacks* stacks, const HeldThread& thread) const;

 private:
  bool is_waiting(const user_regs_struct& registers, bool* on_lock) const;

  const Target& target_;
  const Modules& modules_;
  const ProcessModule* library_ = nullptr;    ///< libc
  const ProcessModule* loader_ = nullptr;
  const ProcessModule* allocator_ = nullptr;  ///< the module whose malloc counts
};

}  // namespace hotreload

#endif
