// Looks names up in a module's symbol table, statics included.
#include "resolve.h"

#include <algorithm>

#include "../core/names.h"

namespace hotreload {

namespace {

constexpr size_t kLongestName = 200;

/// Edits (Levenshtein) that lead from one name to the other, or `limit` if there are as many or more.
size_t distance(std::string_view a, std::string_view b, size_t limit) {
  if (a.size() > b.size() + limit || b.size() > a.size() + limit) return limit;
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); j++) row[j] = j;
  for (size_t i = 1; i <= a.size(); i++) {
    size_t diagonal = row[0], least = row[0] = i;
    for (size_t j = 1; j <= b.size(); j++) {
      const size_t above = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
      least = std::min(least, row[j]);
    }
    if (least >= limit) return limit;
  }
  return std::min(row[b.size()], limit);
}

}  // namespace

Resolver::Resolver(const Module& module, const Exports& libraries, std::string unit,
                   std::map<std::string, std::string> renames)
    : module_(module), libraries_(libraries), unit_(std::move(unit)), renames_(std::move(renames)) {
  for (const UnitSymbols& symbols : module.units) {
    for (const auto& [name, symbol] : symbols.symbols) {
      if (!is_local_label(name)) statics_.emplace(without_number(name), Static{&symbols, symbol});
    }
  }
}

const std::string& Resolver::old_name(const std::string& name) const {
  const auto renamed = renames_.find(name);
  return renamed == renames_.end() ? name : renamed->second;
}

const ModuleSymbol* Resolver::in_unit(std::string_view source, const std::string& name) const {
  const auto [first, last] = statics_.equal_range(without_number(name));
  const ModuleSymbol* only = nullptr;
  for (auto at = first; at != last; ++at) {
    if (at->second.unit->source_name != source) continue;
    const auto exact = at->second.unit->symbols.find(name);
    if (exact != at->second.unit->symbols.end() && without_number(name) == name) return &exact->second;
    if (only) return nullptr;
    only = &at->second.symbol;
  }
  return only;
}

Result<std::optional<ModuleSymbol>> Resolver::only_static(const std::string& name, bool numbered) const {
  const auto [first, last] = statics_.equal_range(without_number(name));
  std::vector<const Static*> found;
  for (auto at = first; at != last; ++at) {
    const bool exact = at->second.unit->symbols.count(name) > 0;
    if (numbered || exact) found.push_back(&at->second);
  }
  if (found.empty()) return std::optional<ModuleSymbol>();
  if (found.size() == 1) return std::optional<ModuleSymbol>(found[0]->symbol);
  std::string units;
  for (const Static* one : found) units += (units.empty() ? "" : ", ") + std::string(one->unit->source_name);
  return Error{"E_LOCATE",
               "has several static symbols " + demangle(name) + " (of " + units + "): say with --unit which file is meant",
               module_.path};
}

Result<std::optional<ModuleSymbol>> Resolver::of_entity(const FixObject& object, const Entity& entity) const {
  // With the old object at hand, what is not in it is new.
  if (object.match) {
    const bool renamed = object.match->is_renamed(entity);
    const Entity* known = object.match->is_renewed(entity) ? nullptr : renamed ? object.match->before_of(entity) : &entity;
    if (!known) return std::optional<ModuleSymbol>();
    const auto located = object.located->find(known->key);
    if (located != object.located->end()) return std::optional<ModuleSymbol>(located->second);
    const auto global = module_.globals.find(known->name);
    const bool found = !known->local && global != module_.globals.end() && global->second.type != STT_GNU_IFUNC;
    return found ? std::optional<ModuleSymbol>(global->second) : std::nullopt;
  }
  const std::string& name = old_name(entity.name);
  const auto global = module_.globals.find(name);
  const bool has_global = global != module_.globals.end() && global->second.type != STT_GNU_IFUNC;
  const std::string_view source = unit_.empty() ? object.after->object().source_name : std::string_view(unit_);
  const ModuleSymbol* mine = in_unit(source, name);
  if (mine && (entity.local || !has_global)) return std::optional<ModuleSymbol>(*mine);
  if (has_global) return std::optional<ModuleSymbol>(global->second);
  // Statics of a function that two files have by the same name would be mixed up: the function's own file decides.
  const bool numbered = entity.local && without_number(name) != name;
  return only_static(name, numbered);
}

Result<std::optional<ModuleSymbol>> Resolver::of_external(const std::string& name) const {
  const ModuleSymbol* meant = unit_.empty() ? nullptr : in_unit(unit_, name);
  if (meant) return std::optional<ModuleSymbol>(*meant);
  const auto global = module_.globals.find(name);
  if (global != module_.globals.end() && global->second.type != STT_GNU_IFUNC) {
    return std::optional<ModuleSymbol>(global->second);
  }
  if (in_library(name)) return std::optional<ModuleSymbol>();
  return only_static(name, false);
}

uint8_t Resolver::library_type(const std::string& name) const {
  const auto found = libraries_.symbols.find(name);
  return found == libraries_.symbols.end() ? uint8_t(STT_NOTYPE) : found->second.type;
}

std::string Resolver::specialised_copy(const std::string& name) const {
  for (const UnitSymbols& unit : module_.units) {
    for (const auto& [copy, symbol] : unit.symbols) {
      if (symbol.type == STT_FUNC && is_specialised_copy(copy, name)) return std::string(copy);
    }
  }
  return "";
}

std::string Resolver::closest(const std::string& name) const {
  if (name.size() > kLongestName) return "";
  size_t best = name.size() / 3 + 1;
  std::string found;
  const auto consider = [&](std::string_view candidate) {
    const size_t edits = distance(name, candidate, best);
    if (edits >= best) return;
    best = edits;
    found = candidate;
  };
  for (const auto& [candidate, symbol] : module_.globals) consider(candidate);
  for (const auto& [candidate, symbol] : statics_) consider(candidate);
  for (const auto& [candidate, symbol] : libraries_.symbols) consider(candidate);
  return found;
}

}  // namespace hotreload
