// The moment at which calls begin to reach a patch, or to pass it by again: all threads stand still.
#ifndef HOTRELOAD_INJECT_COMMIT_H
#define HOTRELOAD_INJECT_COMMIT_H

#include <string>
#include <vector>

#include "modules.h"
#include "patches.h"
#include "threads.h"

namespace hotreload {

struct CommitReport {
  double stopped_ms = 0;      ///< how long the process stood still, at the successful attempt
  double stopped_all_ms = 0;  ///< that and all attempts before it
  int attempts = 0;
  std::vector<std::string> kept;  ///< variables that undo left alone, since the program had changed them
};

struct CommitRequest {
  uint64_t start;    ///< of the patch that changes
  bool apply;        ///< or undo
  std::vector<uint64_t> superseded;  ///< starts of patches that are taken back at the same moment, if they are applied
  std::string by;
  uint32_t uid;
  Clock::time_point deadline;
};

/// Every check comes before the first write. If a function cannot be redirected now, all threads go on and it is tried
/// again, until the deadline.
/// If this process dies meanwhile, either all of it happens or nothing (writing.h).
/// Errors: E_IN_USE (the message names the function), E_ENTRY_CHANGED (someone else changed the code), E_EXITED,
/// E_PERMISSION, E_TIMEOUT, and those of Workroom::enter.
Result<CommitReport> commit(const Target& target, const Modules& modules, Threads* threads, const CommitRequest& request);

}  // namespace hotreload

#endif
