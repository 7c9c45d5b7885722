// Refuses changes that could make a resolver choose otherwise than it did.
//
// The resolver and what it calls count. What it only takes the address of does not: that is what it chooses from. The
// assembler tells them apart: a call has a relocation of its own (R_X86_64_PLT32).
#include "indirect.h"

#include "names.h"

namespace hotreload {

namespace {

/// The function by whose name the debug information knows the resolver.
const Entity& resolver_of(const Entities& entities, const Entity& indirect) {
  for (const Entity& entity : entities.all()) {
    if (!entity.indirect && entity.section == indirect.section && entity.offset == indirect.offset) return entity;
  }
  return indirect;
}

std::set<const Entity*> callees(const Entities& entities, const Entity& function) {
  std::set<const Entity*> found{&function};
  std::vector<const Entity*> pending{&function};
  while (!pending.empty()) {
    const Entity& caller = *pending.back();
    pending.pop_back();
    for (const Relocation& relocation : entities.object().sections[caller.section].relocations) {
      const bool inside = relocation.offset >= caller.offset && relocation.offset < caller.offset + caller.size;
      if (!inside || relocation.type != R_X86_64_PLT32) continue;
      const Target target = entities.target_of(caller.section, relocation);
      if (target.form != Target::Form::kEntity || target.entity->kind != Kind::kFunction) continue;
      if (found.insert(target.entity).second) pending.push_back(target.entity);
    }
  }
  return found;
}

}  // namespace

std::vector<Refusal> compare_indirect(const Correspondence& match, const std::set<std::string>& changed) {
  std::vector<Refusal> refusals;
  for (const Entity& entity : match.after().all()) {
    const Entity* old = match.before_of(entity);
    if (!entity.indirect && !(old && old->indirect)) continue;
    const std::string name = demangle(entity.name);
    const Entity& resolver = resolver_of(match.after(), entity);
    if (!old || !old->indirect) {
      refusals.push_back({"E_FUNCTION", "the code of " + name + " is chosen by a resolver now, and resolvers run at start",
                          resolver.name});
      continue;
    }
    if (!entity.indirect) {
      refusals.push_back({"E_FUNCTION", "the code of " + name + " was chosen by a resolver when the program started",
                          entity.name});
      continue;
    }
    for (const Entity* function : callees(match.after(), entity)) {
      if (changed.count(function->key) == 0) continue;
      const std::string what = function == &entity ? "changed" : "calls " + demangle(function->name) + ", which changed";
      refusals.push_back({"E_FUNCTION",
                          "the resolver of " + name + " " + what + ", but it chose when the program started",
                          function == &entity ? resolver.name : function->name});
      break;
    }
  }
  return refusals;
}

}  // namespace hotreload
