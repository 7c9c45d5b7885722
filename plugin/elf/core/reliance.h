// What the old code of a function may know of functions of its file that changed.
//
// Optimisers conclude from a function's code what its callers in the same file need not do: pass an argument that it never
// uses, look at a result that is always the same, be ready for an exception or a return that never comes. A frame that
// stands in such a caller goes on so, whatever the function is by now. New code is consistent with itself, since the whole
// file is compiled; so a caller that knew something has other code as well, and is replaced.
#ifndef HOTRELOAD_ELF_RELIANCE_H
#define HOTRELOAD_ELF_RELIANCE_H

#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "correspondence.h"

namespace hotreload {

/// Of one object.
class Reliance {
 public:
  /// @param changed keys of the new version; both must outlive this
  Reliance(const Correspondence& match, const std::set<std::string>& changed) : match_(match), changed_(changed) {}

  /// Functions that changed and that the old code of `caller`, which changed itself, calls: directly, or through functions
  /// that are the same. Mangled names, as they are now. None if it was not optimised.
  std::vector<std::string> of(const Entity& caller);

 private:
  bool is_optimised(const Entity& function) const;
  const std::vector<const Entity*>& callees_of(const Entity& function);

  const Correspondence& match_;
  const std::set<std::string>& changed_;
  std::unordered_map<const Entity*, std::vector<const Entity*>> callees_;
};

}  // namespace hotreload

#endif
