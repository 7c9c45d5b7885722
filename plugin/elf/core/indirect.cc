// Refuses changes that could make a resolver choose otherwise than it did.
//
// The resolver and what it calls count. What it only takes the address of does not: that is what it chooses from.
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

/// A call or jump with a 32-bit displacement has its opcode just before it; a lea has a ModRM byte there.
bool is_call(const Section& section, const Relocation& relocation) {
  if (relocation.type != R_X86_64_PLT32 && relocation.type != R_X86_64_PC32) return false;
  if (relocation.offset == 0 || relocation.offset > section.bytes.size()) return false;
  const uint8_t opcode = uint8_t(section.bytes[relocation.offset - 1]);
  return opcode == 0xe8 || opcode == 0xe9;
}

std::set<const Entity*> callees(const Entities& entities, const Entity& function) {
  std::set<const Entity*> found{&function};
  std::vector<const Entity*> pending{&function};
  while (!pending.empty()) {
    const Entity& caller = *pending.back();
    pending.pop_back();
    const Section& section = entities.object().sections[caller.section];
    for (const Relocation& relocation : section.relocations) {
      const bool inside = relocation.offset >= caller.offset && relocation.offset < caller.offset + caller.size;
      if (!inside || !is_call(section, relocation)) continue;
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
