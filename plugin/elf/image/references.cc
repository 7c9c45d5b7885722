// Resolves the relocations of a fix.
//
// What the module has already is meant wherever it is a function or a variable, or says what a type is: pointers to
// functions stay equal, and values stay where they are. Other constants come with the code that was compiled with them.
#include "references.h"

#include <algorithm>

#include "../core/displacement.h"
#include "../core/got_register.h"
#include "../core/names.h"
#include "../core/relocation.h"

namespace hotreload {

namespace {

/// Constants that are recognised by their address.
bool is_identity(const Entity& entity) { return is_type_information(entity.name) || is_virtual_table(entity.name); }

/// True if nothing is at the place but what aligns the variables of the section, or it is not in it.
bool is_filler(const Entities& entities, const Target& target) {
  const Section& section = entities.object().sections[target.section];
  if (target.offset < 0 || section.type == SHT_NOBITS) return true;
  const uint64_t place = uint64_t(target.offset);
  uint64_t start = 0, end = section.size;
  for (const Entity& entity : entities.all()) {
    if (entity.section != target.section) continue;
    if (entity.offset > place) end = std::min(end, entity.offset);
    else start = std::max(start, entity.offset + entity.size);
  }
  if (start >= end) return true;
  const bool refers = std::any_of(section.relocations.begin(), section.relocations.end(), [&](const Relocation& relocation) {
    return relocation.offset >= start && relocation.offset < end;
  });
  return !refers && section.bytes.substr(start, end - start).find_first_not_of('\0') == std::string_view::npos;
}

}  // namespace

References::References(const Module& module, const std::vector<FixObject>& objects, const Resolver& resolver)
    : module_(module), objects_(objects), resolver_(resolver) {
  for (uint32_t i = 0; i < objects.size(); i++) {
    for (const Entity& entity : objects[i].after->all()) {
      if (!entity.local) definitions_.emplace(entity.name, std::make_pair(i, &entity));
    }
  }
}

Result<std::optional<ModuleSymbol>> References::existing(uint32_t object, const Entity& entity) {
  const auto known = existing_.find(&entity);
  if (known != existing_.end()) return known->second;
  std::optional<ModuleSymbol> found;
  const bool own = entity.part_of_user || objects_[object].after->refers_into_function(entity) ||
                   (entity.kind == Kind::kConstant && !is_identity(entity));
  if (!own) {
    auto symbol = resolver_.of_entity(objects_[object], entity);
    if (!symbol) return symbol.error();
    found = symbol.value();
  }
  existing_.emplace(&entity, found);
  return found;
}

bool References::is_library_function(const std::string& name) const {
  const uint8_t type = resolver_.library_type(name);
  return type == STT_FUNC || type == STT_GNU_IFUNC;
}

std::string References::added_name(uint32_t object, const Entity& entity) const {
  return entity.local ? std::string(objects_[object].after->object().source_name) + ":" + entity.key : entity.name;
}

Meaning References::in_module(const ModuleSymbol& symbol, int64_t addend) const {
  Meaning meaning;
  meaning.base = Base::kModule;
  meaning.value = symbol.address;
  meaning.thread_local_storage = symbol.type == STT_TLS;
  meaning.addend = addend;
  return meaning;
}

Result<Meaning> References::of_entity(uint32_t object, const Entity& entity, const Symbol& symbol,
                                      const Relocation& relocation) {
  const int64_t inside = int64_t(symbol.value - entity.offset + uint64_t(relocation.addend));
  auto found = existing(object, entity);
  if (!found) return found.error();
  if (found.value()) return in_module(*found.value(), inside);
  // Inline functions and variables that several objects of the fix define are one.
  const auto first = entity.local ? definitions_.end() : definitions_.find(entity.name);
  if (first != definitions_.end() && first->second.second != &entity) {
    Symbol at = symbol;
    at.value = first->second.second->offset + symbol.value - entity.offset;
    return of_entity(first->second.first, *first->second.second, at, relocation);
  }
  Meaning meaning;
  const bool variable = entity.kind == Kind::kVariable && !entity.part_of_user;
  meaning.base = variable ? Base::kAdded : Base::kImage;
  meaning.name = variable ? added_name(object, entity) : "";
  meaning.object = object;
  meaning.section = entity.section;
  meaning.value = entity.offset;
  meaning.thread_local_storage = entity.kind == Kind::kThreadLocal;
  meaning.addend = inside;
  return meaning;
}

Result<Meaning> References::of_external(uint32_t object, const Symbol& symbol, const Relocation& relocation) {
  const std::string name(symbol.name);
  auto found = resolver_.of_external(name);
  if (!found) return found.error();
  if (found.value()) return in_module(*found.value(), relocation.addend);
  const auto defined = definitions_.find(name);
  if (defined != definitions_.end()) {
    const auto& [other, entity] = defined->second;
    Symbol at = symbol;
    at.value = entity->offset;
    return of_entity(other, *entity, at, relocation);
  }
  Meaning meaning;
  meaning.addend = relocation.addend;
  // What a library takes from the program that loads it is in no library that it needs.
  const bool imported = symbol.binding != STB_WEAK && module_.imported.count(symbol.name) > 0;
  if (resolver_.in_library(name) || imported) {
    meaning.base = Base::kLibrary;
    meaning.name = name;
    meaning.thread_local_storage = resolver_.library_type(name) == STT_TLS;
    return meaning;
  }
  if (symbol.binding == STB_WEAK) return meaning;
  const std::string closest = resolver_.closest(name);
  return Error{"E_UNDEFINED",
               demangle(name) + " is not defined in " + module_.path + " or in a library that it needs" +
                   (closest.empty() ? "" : "; did you mean " + demangle(closest) + "?"),
               objects_[object].path};
}

/// The variables of a section, which one symbol stands for.
const References::Neighbours& References::neighbours_in(uint32_t object, uint32_t section) {
  const auto [known, fresh] = neighbours_.emplace(std::make_pair(object, section), Neighbours{});
  Neighbours& neighbours = known->second;
  if (!fresh) return neighbours;
  std::optional<std::optional<uint64_t>> distance;
  for (const Entity& entity : objects_[object].after->all()) {
    if (entity.section != section || entity.part_of_user) continue;
    auto found = existing(object, entity);
    std::optional<uint64_t> own;
    if (found && found.value()) own = found.value()->address - entity.offset;
    neighbours.moved = neighbours.moved || (distance && *distance != own);
    distance = own;
    if (!neighbours.first || entity.offset < neighbours.first->offset) neighbours.first = &entity;
  }
  return neighbours;
}

/// False if a section's symbol stands for a place whose variable cannot be told: optimised code makes `array - 1` of a
/// loop the address of what lies before the array, to which it adds.
bool References::is_certain(uint32_t object, uint32_t section, const Relocation& relocation) const {
  const Entities& entities = *objects_[object].after;
  const Object& file = entities.object();
  const Symbol& symbol = file.symbols[relocation.symbol];
  if (symbol.type != STT_SECTION || !file.sections[section].executable()) return true;
  const Section& data = file.sections[symbol.section];
  if (data.executable() || !data.writable() || data.thread_local_storage()) return true;  // constants are the fix's own
  const Entity* function = entities.at(section, int64_t(relocation.offset));
  if (!function) return false;
  if (reference_of(relocation.type) == Reference::kGotDistance) return counts_from_got(file, *function, relocation.offset);
  const auto displacement = displacement_at(file.machine, file.sections[section].bytes, function->offset, relocation.offset);
  return displacement && displacement->accessed;
}

Result<Meaning> References::of(uint32_t object, uint32_t section, const Relocation& relocation) {
  const Entities& entities = *objects_[object].after;
  const Symbol& symbol = entities.object().symbols[relocation.symbol];
  const Target target = entities.target_of(section, relocation);
  if (target.form == Target::Form::kExternal && symbol.name != "_GLOBAL_OFFSET_TABLE_") {
    return of_external(object, symbol, relocation);
  }
  // A place inside a function is a label of this very version of it.
  const bool label = target.form == Target::Form::kEntity && target.entity->kind == Kind::kFunction && target.offset != 0;
  if (!is_certain(object, section, relocation)) {
    const Neighbours& neighbours = neighbours_in(object, symbol.section);
    const bool beside = neighbours.first && target.form == Target::Form::kContents && is_filler(entities, target);
    if (neighbours.moved && (beside || target.form == Target::Form::kEntity)) {
      return Error{"E_LOCATE",
                   "takes the address of a static variable that its compiler named by the section alone, and the module has "
                   "other variables beside it: compile the fix with -fdata-sections",
                   objects_[object].path};
    }
    if (beside) return of_entity(object, *neighbours.first, symbol, relocation);
  }
  if (target.form == Target::Form::kEntity && !label) {
    return of_entity(object, *target.entity, symbol, relocation);
  }
  Meaning meaning;
  meaning.addend = relocation.addend;
  if (target.form == Target::Form::kNothing || !symbol.defined()) return meaning;
  meaning.base = Base::kImage;
  meaning.object = object;
  meaning.section = symbol.section;
  meaning.value = symbol.value;
  meaning.thread_local_storage = entities.object().sections[symbol.section].thread_local_storage();
  return meaning;
}

}  // namespace hotreload
