// Works out initial contents: bytes of the object, and the addresses that the dynamic loader put into them.
#include "initial.h"

#include <algorithm>

#include "bytes.h"
#include "names.h"
#include "relocation.h"

namespace hotreload {

namespace {

std::vector<const Relocation*> relocations_of(const Object& object, const Entity& entity) {
  std::vector<const Relocation*> found;
  if (entity.section == 0) return found;
  for (const Relocation& relocation : object.sections[entity.section].relocations) {
    const bool inside = relocation.offset >= entity.offset && relocation.offset - entity.offset < entity.size;
    if (inside && reference_of(relocation.type) != Reference::kNone) found.push_back(&relocation);
  }
  return found;
}

std::string bytes_of(const Object& object, const Entity& entity) {
  const bool zero = entity.section == 0 || object.sections[entity.section].type == SHT_NOBITS;
  if (zero) return std::string(entity.size, '\0');
  return std::string(object.sections[entity.section].bytes.substr(entity.offset, entity.size));
}

/// The pointer at `offset` of the variable: as noted when it was written, by name, or as it was linked.
std::optional<uint64_t> pointer_of(const Canonicals& canonicals, const PatchObject& object, const Entity& old,
                                   const Relocation& relocation, const Target& target, uint64_t offset) {
  if (const Introduced* record = canonicals.record_of(object, old)) {
    for (const auto& [at, value] : record->pointers) {
      if (at == offset) return value;
    }
  }
  std::optional<Canonical> place;
  if (target.form == Target::Form::kExternal) place = canonicals.of_external(std::string(target.name));
  if (target.form == Target::Form::kEntity) place = canonicals.of_old(object, *target.entity);
  if (place && place->thread_local_storage) return std::nullopt;
  if (place) return place->address + uint64_t(target.offset);
  // Only the linked one has no name for what it points to: a string, say.
  const std::optional<Canonical> variable = canonicals.of_old(object, old);
  const LoadedModule& module = canonicals.target();
  if (!variable || relocation.type != R_X86_64_64 || canonicals.record_of(object, old)) return std::nullopt;
  const std::optional<uint64_t> linked = module.module->pointer_at(variable->address + offset - module.bias);
  return linked ? std::optional<uint64_t>(*linked + module.bias) : std::nullopt;
}

}  // namespace

std::optional<std::string> plain_contents(const Object& object, const Entity& entity) {
  if (!relocations_of(object, entity).empty()) return std::nullopt;
  return bytes_of(object, entity);
}

std::optional<InitialContents> initial_contents(const Canonicals& canonicals, const PatchObject& object,
                                                const Entity& old) {
  const Entities& entities = *object.before;
  InitialContents contents{bytes_of(entities.object(), old), {}};
  for (const Relocation* relocation : relocations_of(entities.object(), old)) {
    if (reference_of(relocation->type) != Reference::kAbsolute64) return std::nullopt;
    const uint64_t offset = relocation->offset - old.offset;
    const Target target = entities.target_of(old.section, *relocation);
    const auto pointer = pointer_of(canonicals, object, old, *relocation, target, offset);
    if (pointer) {
      if (!store(&contents.bytes, offset, *pointer)) return std::nullopt;
    } else if (target.form == Target::Form::kExternal &&
               entities.object().symbols[relocation->symbol].binding != STB_WEAK) {
      contents.foreign.push_back({offset, std::string(target.name), target.offset});
    } else {
      return std::nullopt;
    }
  }
  return contents;
}

std::vector<bool> reached_by_initializers(const Entities& entities) {
  const Object& object = entities.object();
  std::vector<bool> reached(object.sections.size(), false);
  std::vector<uint32_t> pending;
  const auto reach = [&](uint32_t section) {
    if (section == 0 || section >= reached.size() || reached[section]) return;
    reached[section] = true;
    pending.push_back(section);
  };
  for (const Entity& entity : entities.all()) {
    if (entity.kind == Kind::kFunction && is_initializer(entity.name)) reach(entity.section);
  }
  for (uint32_t index = 0; index < object.sections.size(); index++) {
    const std::string_view name = object.sections[index].name;
    if (name.substr(0, 11) == ".init_array" || name.substr(0, 6) == ".ctors") reach(index);
  }
  while (!pending.empty()) {
    const Section& section = object.sections[pending.back()];
    pending.pop_back();
    for (const Relocation& relocation : section.relocations) {
      const Symbol& symbol = object.symbols[relocation.symbol];
      if (symbol.defined()) reach(symbol.section);
    }
  }
  return reached;
}

}  // namespace hotreload
