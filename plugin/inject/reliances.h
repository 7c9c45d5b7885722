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

/// Adds what counts on another version of a function than the one that its calls reach once `patch` is applied, or taken
/// back. Errors: E_CALLER (such code would go on being called).
Result<Nothing> find_reliances(const std::vector<LoadedPatch>& patches, const LoadedPatch& patch, bool apply,
                               std::vector<CodeRange>* ranges);

}  // namespace hotreload

#endif
