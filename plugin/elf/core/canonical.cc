// Looks canonical addresses up, in the order in which the dynamic loader would.
#include "canonical.h"

#include "digest.h"

namespace hotreload {

Canonicals::Canonicals(const std::vector<LoadedModule>& modules, size_t target,
                       const std::vector<Introduced>& introduced)
    : modules_(modules), target_(target) {
  for (const Introduced& entry : introduced) {
    if (entry.module == this->target().module->path) {
      introduced_here_[{entry.object, entry.key}] = &entry;  // a later one takes the place of an earlier one
    } else if (entry.object.empty()) {
      introduced_elsewhere_[entry.key] = &entry;
    }
  }
}

Canonical Canonicals::of_symbol(const LoadedModule& loaded, const ModuleSymbol& symbol) {
  Canonical canonical;
  if (symbol.type == STT_TLS) {
    canonical.thread_local_storage = true;
    canonical.tls_module = loaded.tls_module;
    canonical.tls_offset = symbol.address;
    if (loaded.module->executable) canonical.thread_pointer_offset = loaded.module->thread_pointer_offset(symbol.address);
  } else {
    canonical.address = symbol.address + loaded.bias;
  }
  return canonical;
}

Canonical Canonicals::of_introduced(const Introduced& entry) {
  Canonical canonical;
  if (entry.kind == Kind::kThreadLocal) {
    canonical.thread_local_storage = true;
    canonical.tls_module = entry.tls_module;
    canonical.tls_offset = entry.address;
  } else {
    canonical.address = entry.address;
  }
  return canonical;
}

const Entity* Canonicals::known_as(const PatchObject& object, const Entity& entity) {
  if (object.match->is_renewed(entity)) return nullptr;
  return object.match->is_renamed(entity) ? object.match->before_of(entity) : &entity;
}

void Canonicals::add_object(const PatchObject& object) {
  for (const Entity& entity : object.after->all()) {
    if (entity.local || entity.part_of_user) continue;
    const Entity* known = known_as(object, entity);
    if (known == &entity) continue;
    redefined_[entity.name] = known ? own(object, *known) : std::nullopt;
  }
}

void Canonicals::remove(const std::set<Removed>& removed) {
  for (const Removed& function : removed) {
    if (function.object.empty() && !function.weak) removed_.insert(function.key);
  }
}

/// The target module's own: first what patches brought, then what was linked.
std::optional<Canonical> Canonicals::own(const PatchObject& object, const Entity& known) const {
  const auto local = introduced_here_.find({object.id, known.key});
  if (local != introduced_here_.end()) return of_introduced(*local->second);
  if (object.located) {
    const auto located = object.located->find(known.key);
    if (located != object.located->end()) return of_symbol(target(), located->second);
  }
  // A local name says nothing about a global one.
  return known.local ? std::nullopt : global(known.name);
}

std::optional<Canonical> Canonicals::global(const std::string& name) const {
  const auto introduced = introduced_here_.find({"", name});
  if (introduced != introduced_here_.end()) return of_introduced(*introduced->second);
  const auto found = target().module->globals.find(name);
  if (found != target().module->globals.end() && found->second.type != STT_GNU_IFUNC) {
    return of_symbol(target(), found->second);
  }
  return std::nullopt;
}

std::optional<uint64_t> Canonicals::entry_of(const PatchObject& object, const Entity& function) const {
  const Entity* known = known_as(object, function);
  const auto found = known ? own(object, *known) : std::nullopt;
  return found && !found->thread_local_storage ? std::optional<uint64_t>(found->address) : std::nullopt;
}

bool Canonicals::is_unchanged(const PatchObject& object, const Entity& constant) const {
  const Entity* old = object.match->before_of(constant);
  if (!old || old->kind != Kind::kConstant) return false;
  const auto [found, fresh] = unchanged_.emplace(&constant, false);
  if (fresh) {
    Digester now(*object.after, [&](const Entity& entity) { return object.match->name_of(entity); });
    found->second = Digester(object.match->before()).of(*old) == now.of(constant);
  }
  return found->second;
}

std::optional<Canonical> Canonicals::of_entity(const PatchObject& object, const Entity& entity) const {
  if (entity.part_of_user || object.after->refers_into_function(entity)) return std::nullopt;
  if (entity.kind == Kind::kConstant && !is_unchanged(object, entity)) return std::nullopt;
  const Entity* known = known_as(object, entity);
  const auto mine = known ? own(object, *known) : std::nullopt;
  if (!mine) return std::nullopt;
  // A shared library's exported symbol gives way to that of a module that was loaded before it.
  const bool preemptible = !known->local && !known->hidden && !target().module->executable &&
                           !target().module->symbolic && target().module->exported.count(known->name) > 0;
  for (size_t i = 0; preemptible && i < target_; i++) {
    const auto first = modules_[i].module->exported.find(known->name);
    if (first != modules_[i].module->exported.end()) return of_symbol(modules_[i], first->second);
  }
  return mine;
}

std::optional<Canonical> Canonicals::of_external(const std::string& name) const {
  const auto redefined = redefined_.find(name);
  if (redefined != redefined_.end()) return redefined->second;
  if (removed_.count(name) > 0) return std::nullopt;
  // In load order, as the dynamic loader does it; what is not exported can only be the target module's own.
  const bool exported = target().module->exported.count(name) > 0 && !target().module->symbolic;
  if (!exported || target().module->executable) {
    const auto mine = global(name);
    if (mine) return mine;
  }
  for (const LoadedModule& loaded : modules_) {
    const auto found = loaded.module->exported.find(name);
    if (found != loaded.module->exported.end() && found->second.type != STT_GNU_IFUNC) {
      return of_symbol(loaded, found->second);
    }
  }
  const auto elsewhere = introduced_elsewhere_.find(name);
  if (elsewhere != introduced_elsewhere_.end()) return of_introduced(*elsewhere->second);
  return std::nullopt;
}

}  // namespace hotreload
