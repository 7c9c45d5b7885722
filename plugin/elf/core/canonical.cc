// Looks canonical addresses up, in the order in which the dynamic loader would.
#include "canonical.h"

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
    if (located != object.located->end()) {
      // The address of an indirect function is that of its resolver.
      if (located->second.type == STT_GNU_IFUNC) return std::nullopt;
      return of_symbol(target(), located->second);
    }
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

const Introduced* Canonicals::record_of(const PatchObject& object, const Entity& known) const {
  const auto found = introduced_here_.find({known.local ? object.id : "", known.key});
  return found == introduced_here_.end() ? nullptr : found->second;
}

/// A constant stays where it is as long as it has its size: what changed of it is written there.
static bool keeps_place(const PatchObject& object, const Entity& constant) {
  const Entity* old = object.match->before_of(constant);
  return old && old->kind == Kind::kConstant && old->size == constant.size;
}

std::optional<Canonical> Canonicals::of_entity(const PatchObject& object, const Entity& entity) const {
  if (entity.part_of_user || object.after->refers_into_function(entity)) return std::nullopt;
  if (entity.kind == Kind::kConstant && !keeps_place(object, entity)) return std::nullopt;
  const Entity* known = known_as(object, entity);
  return known ? preempted(object, *known) : std::nullopt;
}

std::optional<Canonical> Canonicals::of_old(const PatchObject& object, const Entity& old) const {
  if (old.part_of_user || object.match->before().refers_into_function(old)) return std::nullopt;
  return preempted(object, old);
}

/// A shared library's exported symbol gives way to that of a module that was loaded before it.
std::optional<Canonical> Canonicals::preempted(const PatchObject& object, const Entity& known) const {
  const auto mine = own(object, known);
  if (!mine) return std::nullopt;
  const bool preemptible = !known.local && !known.hidden && !target().module->executable &&
                           !target().module->symbolic && target().module->exported.count(known.name) > 0;
  for (size_t i = 0; preemptible && i < target_; i++) {
    const auto first = modules_[i].module->exported.find(known.name);
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
