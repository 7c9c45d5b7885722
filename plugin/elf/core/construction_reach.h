// Whether what constructs new variables may come upon something that the same patch changes.
//
// New variables are constructed before anything is redirected: new code must not run without them. So a constructor runs
// the old code of whatever existed. That is right unless it reaches a function or data that the patch changes.
#ifndef HOTRELOAD_ELF_CONSTRUCTION_REACH_H
#define HOTRELOAD_ELF_CONSTRUCTION_REACH_H

#include <set>
#include <string>
#include <vector>

#include "plan.h"
#include "renewal.h"

namespace hotreload {

struct ReachQuestion {
  const PatchInput& input;
  const Canonicals& canonicals;
  /// Functions of the patch's objects that construct: index of the object, function.
  std::vector<std::pair<uint32_t, const Entity*>> calls;
  /// Object, section and offset of what the patch changes.
  std::set<std::tuple<uint32_t, uint32_t, uint64_t>> changed;
};

struct ReachAnswer {
  const Entity* changed = nullptr;  ///< the first thing found that the patch changes
  bool leaves_module = false;       ///< another module of the project is called, which may be patched as well
};

/// Follows all references, into other objects of the module too; code that cannot be seen (behind pointers, in other modules)
/// may call whatever others know of.
/// Errors: E_ELF.
Result<ReachAnswer> reach_of_constructions(const ReachQuestion& question, OtherObjects* others);

}  // namespace hotreload

#endif
