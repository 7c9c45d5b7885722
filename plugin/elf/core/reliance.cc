// Follows calls from the old version of a function.
#include "reliance.h"

#include <algorithm>

#include "renewal.h"

namespace hotreload {

namespace {

/// Unoptimised code has a variable in one place as long as it lives; only optimised code needs lists of places.
bool has_location_lists(const Object& object) {
  return std::any_of(object.sections.begin(), object.sections.end(), [](const Section& section) {
    return section.name.find("debug_loc") != std::string_view::npos;
  });
}

/// `push %rbp; mov %rsp,%rbp`, behind the bytes that make it replaceable.
bool sets_frame_pointer(std::string_view code) {
  return code.substr(0, 16).find("\x55\x48\x89\xe5") != std::string_view::npos;
}

}  // namespace

std::vector<std::string> Reliance::of(const Entity& caller) {
  std::vector<std::string> found;
  std::set<const Entity*> seen;
  std::vector<const Entity*> pending;
  const Entity* old = match_.before_of(caller);
  if (old && is_optimised(*old)) pending.push_back(old);
  while (!pending.empty()) {
    const Entity* function = pending.back();
    pending.pop_back();
    for (const Entity* callee : callees_of(*function)) {
      if (!seen.insert(callee).second) continue;
      const Entity* now = match_.after_of(*callee);
      if (now && !callee->part_of_user && changed_.count(now->key) > 0) {
        found.push_back(now->name);
      } else {
        pending.push_back(callee);
      }
    }
  }
  return found;
}

/// Split debug information is in another file: then the function's own code tells.
bool Reliance::is_optimised(const Entity& function) const {
  const Object& object = match_.before().object();
  return has_location_lists(object) || !sets_frame_pointer(object.sections[function.section].bytes.substr(function.offset));
}

const std::vector<const Entity*>& Reliance::callees_of(const Entity& function) {
  const auto [known, fresh] = callees_.try_emplace(&function);
  if (!fresh) return known->second;
  const Section& section = match_.before().object().sections[function.section];
  for (const Relocation& relocation : section.relocations) {
    const bool inside = relocation.offset >= function.offset && relocation.offset < function.offset + function.size;
    if (!inside || !is_call(section, relocation)) continue;
    const Target target = match_.before().target_of(function.section, relocation);
    const bool entered = target.form == Target::Form::kEntity && target.entity->kind == Kind::kFunction;
    if (entered) known->second.push_back(target.entity);
  }
  return known->second;
}

}  // namespace hotreload
