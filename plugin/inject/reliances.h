// Code of patches that counts on registers which a function leaves alone (RelianceRecord), when that function changes.
#ifndef HOTRELOAD_INJECT_RELIANCES_H
#define HOTRELOAD_INJECT_RELIANCES_H

#include <string>
#include <vector>

#include "patches.h"

namespace hotreload {

/// Code that no thread may be in, and what is said of one that is.
struct CodeRange {
  uint64_t start, end;
  std::string why;
};

/// Which of a process's patches apply, in the order of the patches: 0 for one that does not, else its order (StateRecord).
using Standing = std::vector<uint64_t>;

/// Adds what counts on another version of a function than the one that its calls reach afterwards.
/// Errors: E_CALLER (such code would go on being called).
Result<Nothing> find_reliances(const std::vector<LoadedPatch>& patches, const Standing& before, const Standing& after,
                               std::vector<CodeRange>* ranges);

}  // namespace hotreload

#endif
