// Compares what calls reach before and afterwards. What the module's own code counts on, gen has looked at.
#include "reliances.h"

#include <algorithm>

namespace hotreload {

namespace {

bool replaces(const LoadedPatch& patch, uint64_t entry) {
  return std::any_of(patch.redirects.begin(), patch.redirects.end(),
                     [&](const RedirectRecord& redirect) { return redirect.entry == entry; });
}

/// The patch whose version of a function calls reach; null for the module's own.
const LoadedPatch* reached(const std::vector<LoadedPatch>& patches, const Standing& standing, uint64_t module_bias,
                           uint64_t entry) {
  const LoadedPatch* found = nullptr;
  uint64_t newest = 0;
  for (size_t i = 0; i < patches.size(); i++) {
    if (standing[i] <= newest || patches[i].record.module_bias != module_bias || !replaces(patches[i], entry)) continue;
    found = &patches[i];
    newest = standing[i];
  }
  return found;
}

}  // namespace

Result<Nothing> find_reliances(const std::vector<LoadedPatch>& patches, const Standing& before, const Standing& after,
                               std::vector<CodeRange>* ranges) {
  for (size_t i = 0; i < patches.size(); i++) {
    const LoadedPatch& one = patches[i];
    if (one.state.status == kLoaded && after[i] == 0) continue;  // it never ran
    const uint64_t bias = one.record.module_bias;
    for (const RelianceRecord& reliance : one.reliances) {
      const LoadedPatch* will_be = reached(patches, after, bias, reliance.callee);
      if (will_be == reached(patches, before, bias, reliance.callee) || will_be == &one) continue;
      const bool called =
          after[i] != 0 && (reliance.caller == 0 || reached(patches, after, bias, reliance.caller) == &one);
      const std::string caller = one.name(reliance.name), callee = one.name(reliance.callee_name);
      if (called) {
        return Error{"E_CALLER",
                     caller + ", as an earlier patch has it, keeps values in registers while it calls " + callee +
                         ", which its compiler saw did not use them (-fipa-ra): fix both in one patch, or take that one back "
                         "first",
                     ""};
      }
      ranges->push_back({one.start + reliance.start, one.start + reliance.start + reliance.size,
                         caller + " of a patch, which keeps values in registers while it calls " + callee +
                             ", and " + callee + " is to change"});
    }
  }
  return Nothing{};
}

}  // namespace hotreload
