// Whether a process that filters its system calls may make those that loading a patch needs.
#ifndef HOTRELOAD_INJECT_SECCOMP_H
#define HOTRELOAD_INJECT_SECCOMP_H

#include "threads.h"

namespace hotreload {

/// Runs the thread's filters, as the kernel would, for each needed call; it is held. Nothing is called.
/// Errors: E_SECCOMP (forbidden, or the filters cannot be read).
Result<Nothing> check_filters(const Target& target, pid_t thread);

}  // namespace hotreload

#endif
