// Compares what calls reach before and afterwards. What the module's own code counts on, gen has looked at.
#include "reliances.h"

#include <algorithm>

namespace hotreload {

namespace {

bool replaces(const LoadedPatch& patch, uint64_t entry) {
  return std::any_of(patch.redirects.begin(), patch.redirects.end(),
                     [&](const RedirectRecord& redirect) { return redirect.entry == entry; });
}

/// The patch whose version of a function calls reach, if `patch` is applied or not; null for the module's own.
const LoadedPatch* reached(const std::vector<LoadedPatch>& patches, const LoadedPatch& patch, bool applied, bool newest,
                           uint64_t entry) {
  const LoadedPatch* found = nullptr;
  for (const LoadedPatch& one : patches) {
    const bool counts = one.start == patch.start ? applied : one.state.status == kApplied;
    if (!counts || one.record.module_bias != patch.record.module_bias || !replaces(one, entry)) continue;
    if (newest && one.start == patch.start) return &one;
    if (!found || one.state.order > found->state.order) found = &one;
  }
  return found;
}

}  // namespace

Result<Nothing> find_reliances(const std::vector<LoadedPatch>& patches, const LoadedPatch& patch, bool apply,
                               std::vector<CodeRange>* ranges) {
  for (const LoadedPatch& one : patches) {
    if (one.record.module_bias != patch.record.module_bias || one.state.status == kLoaded) continue;  // it never ran
    for (const RelianceRecord& reliance : one.reliances) {
      if (!replaces(patch, reliance.callee)) continue;
      const LoadedPatch* before = reached(patches, patch, patch.state.status == kApplied, false, reliance.callee);
      const LoadedPatch* after = reached(patches, patch, apply, apply, reliance.callee);
      if (after == before || after == &one) continue;
      const bool stays = one.start == patch.start ? apply : one.state.status == kApplied;
      const bool called = stays && (reliance.caller == 0 || reached(patches, patch, apply, apply, reliance.caller) == &one);
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
