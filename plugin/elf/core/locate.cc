// Matches an object with one of the translation units of a module.
#include "locate.h"

#include <algorithm>

namespace hotreload {

namespace {

constexpr size_t kEnoughEvidence = 64;

class Match {
 public:
  Match(const Module& module, const Entities& original, const UnitSymbols& unit)
      : module_(module), original_(original), unit_(unit) {}

  /// False if the module contradicts that this is the object's translation unit.
  bool examine() {
    for (const Entity& entity : original_.all()) {
      if (!entity.local && module_.globals.count(entity.name) > 0) continue;
      const auto found = unit_.symbols.find(entity.name);
      if (found == unit_.symbols.end()) continue;
      if (entity.size != found->second.size && found->second.size != 0) return false;
      located_.emplace(entity.key, found->second);
    }
    for (const Entity& entity : original_.all()) {
      if (entity.kind != Kind::kFunction || evidence_ >= kEnoughEvidence) continue;
      const ModuleSymbol* symbol = symbol_of(entity);
      // Another object's copy of an inline function may have been linked: it tells nothing about this one.
      const bool own = symbol && entity.section != 0 && original_.object().sections[entity.section].group == 0;
      if (own && !references_fit(entity, symbol->address)) return false;
    }
    for (const Entity& entity : original_.all()) {
      if (located_.count(entity.key) > 0 && is_of_own_function(entity)) evidence_++;
    }
    return true;
  }

  size_t located_count() const { return located_.size(); }
  size_t evidence() const { return evidence_; }
  Located take() { return std::move(located_); }

 private:
  /// A static of a global function that the object defines, and no other can: `_ZZ1fvE1n` of `_Z1fv`.
  bool is_of_own_function(const Entity& entity) const {
    if (entity.name.compare(0, 3, "_ZZ") != 0) return false;
    return std::any_of(original_.all().begin(), original_.all().end(), [&](const Entity& function) {
      const bool own = function.kind == Kind::kFunction && !function.local && !function.weak && function.name.size() > 2;
      const std::string scope = own ? "_Z" + function.name.substr(1) + "E" : "";
      return own && entity.name.compare(0, scope.size(), scope) == 0;
    });
  }

  const ModuleSymbol* symbol_of(const Entity& entity) const {
    const auto located = located_.find(entity.key);
    if (located != located_.end()) return &located->second;
    const auto found = module_.globals.find(entity.name);
    return entity.local || found == module_.globals.end() ? nullptr : &found->second;
  }

  bool references_fit(const Entity& function, uint64_t address) {
    for (const Relocation& relocation : original_.object().sections[function.section].relocations) {
      if (relocation.offset < function.offset || relocation.offset >= function.offset + function.size) continue;
      const uint64_t site = address + (relocation.offset - function.offset);
      const auto referred = module_.referred_to(relocation.type, site);
      if (!referred) continue;
      const Target target = original_.target_of(function.section, relocation);
      if (target.form != Target::Form::kEntity || !target.entity->local) continue;
      // An indirect function is reached through the PLT.
      if (target.entity->kind == Kind::kThreadLocal || target.entity->indirect) continue;
      const ModuleSymbol* symbol = symbol_of(*target.entity);
      // What a function of the module refers to cannot have been dropped by the linker: its name was, by strip -x.
      if (!symbol && !target.entity->part_of_user) return false;
      // target.offset counts from the end of the four bytes, as a displacement does.
      if (symbol && *referred != symbol->address + uint64_t(target.offset)) return false;
      if (symbol) evidence_++;
    }
    return true;
  }

  const Module& module_;
  const Entities& original_;
  const UnitSymbols& unit_;
  Located located_;
  size_t evidence_ = 0;
};

/// lld and mold write a global that a version script hides among the locals of its file.
bool is_hidden_global(const Module& module, const Entities& original, const Entity& entity) {
  if (entity.local || module.globals.count(entity.name) > 0) return false;
  for (const UnitSymbols& unit : module.units) {
    if (unit.source_name == original.object().source_name && unit.symbols.count(entity.name) > 0) return true;
  }
  return false;
}

/// An object that has global functions or variables of its own is part of the module if the module has one of them.
bool is_linked(const Module& module, const Entities& original) {
  bool has_globals = false;
  for (const Entity& entity : original.all()) {
    if (entity.local || entity.weak || entity.part_of_user) continue;
    has_globals = true;
    if (module.globals.count(entity.name) > 0) return true;
    if (is_hidden_global(module, original, entity)) return true;
  }
  return !has_globals;
}

}  // namespace

Result<Located> locate_locals(const Module& module, const Entities& original) {
  const std::string source(original.object().source_name);
  bool needed = false;
  for (const Entity& entity : original.all()) {
    needed = needed || (entity.local && !entity.part_of_user) || is_hidden_global(module, original, entity);
  }
  if (!needed) return Located{};

  if (!is_linked(module, original)) return Located{};  // a member of an archive that nothing needed

  std::vector<Match> fitting;
  for (const UnitSymbols& unit : module.units) {
    if (unit.source_name != source) continue;
    Match match(module, original, unit);
    if (match.examine()) fitting.push_back(std::move(match));
  }
  if (fitting.empty()) {
    return Error{"E_LOCATE",
                 "has no translation unit " + source + " that fits " + original.object().path +
                     ": where its static functions and variables are is not known",
                 module.path};
  }
  if (fitting.size() == 1) return fitting[0].take();
  if (std::all_of(fitting.begin(), fitting.end(), [](const Match& m) { return m.located_count() == 0; })) {
    return Located{};  // the linker dropped all of them
  }
  // Several fit: only evidence in the code of the module decides.
  Match* proven = nullptr;
  for (Match& match : fitting) {
    if (match.evidence() == 0) continue;
    if (proven) return Error{"E_LOCATE", "several translation units named " + source + " fit this object", module.path};
    proven = &match;
  }
  if (!proven) return Error{"E_LOCATE", "several translation units named " + source + " fit this object", module.path};
  return proven->take();
}

}  // namespace hotreload
