// Finds the entities of an object and resolves its relocations to them.
#include "entity.h"

#include <algorithm>

#include "bytes.h"
#include "displacement.h"
#include "names.h"
#include "relocation.h"

namespace hotreload {

namespace {

bool starts_with(std::string_view text, std::string_view prefix) { return text.substr(0, prefix.size()) == prefix; }

Kind kind_of(const Section& section) {
  if (section.thread_local_storage()) return Kind::kThreadLocal;
  if (section.executable()) return Kind::kFunction;
  return section.writable() ? Kind::kVariable : Kind::kConstant;
}

/// The addend of a broken object may be anything: wraps around instead of overflowing.
int64_t sum(uint64_t value, int64_t addend, int64_t shift) {
  return int64_t(value + uint64_t(addend) + uint64_t(shift));
}

/// Sections that no symbol of the program's own lives in.
bool holds_entities(const Section& section) {
  return section.loaded() && !starts_with(section.name, ".eh_frame") &&
         !starts_with(section.name, ".gcc_except_table") && !starts_with(section.name, ".init_array") &&
         !starts_with(section.name, ".fini_array") && !starts_with(section.name, ".ctors") &&
         !starts_with(section.name, ".note");
}

/// gcc numbers function statics of C, switch tables and __func__ by order: `n.0`, `CSWTCH.12`, `__func__.3`.
bool is_numbered(const Entity& entity) {
  return entity.local && entity.kind != Kind::kFunction && without_number(entity.name).size() != entity.name.size();
}

/// A place that an instruction with an immediate operand refers to may lie so many bytes further on.
constexpr uint64_t kMostImmediate = 4;

/// False if the instruction at the site may have an immediate operand behind its displacement: then its addend does not
/// tell the place. (Intel SDM vol. 2, 2.1: the opcode stands before the ModRM byte, whatever the prefixes.)
bool has_no_immediate(const Section& section, uint64_t site) {
  if (site < 2 || site >= section.bytes.size()) return false;
  const auto byte = [&](uint64_t back) { return site >= back ? uint8_t(section.bytes[site - back]) : uint8_t(0); };
  switch (byte(2)) {
    case 0x69: case 0x6b: case 0x80: case 0x81: case 0x83: case 0xc0: case 0xc1: case 0xc6: case 0xc7: case 0xf6:
    case 0xf7: case 0x70: case 0xa4: case 0xac: case 0xba: case 0xc2: case 0xc4: case 0xc5: return false;
    default: break;
  }
  const bool legacy = byte(4) == 0x0f && byte(3) == 0x3a;    // opcode map 0f 3a: all have one
  const bool vex = byte(5) == 0xc4 && (byte(4) & 0x1f) == 3;  // the same map, VEX
  const bool evex = byte(6) == 0x62 && (byte(5) & 7) == 3;    // the same map, EVEX
  return !legacy && !vex && !evex;
}

}  // namespace

std::shared_ptr<const Entities> Entities::of(std::shared_ptr<const Object> object) {
  std::shared_ptr<Entities> entities(new Entities(std::move(object)));
  entities->collect();
  entities->index_places();
  entities->collect_anchors();
  entities->read_frames();
  entities->key_numbered_statics();
  for (size_t i = 0; i < entities->all_.size(); i++) entities->by_key_.emplace(entities->all_[i].key, i);
  return entities;
}

void Entities::collect() {
  for (const Section& section : object_->sections) {
    from_clang_ = from_clang_ || (section.name == ".comment" && section.bytes.find("clang") != std::string_view::npos);
  }
  for (const Symbol& symbol : object_->symbols) {
    const bool common = symbol.section == SHN_COMMON;
    if (!symbol.defined() && !common) continue;
    if (symbol.type == STT_SECTION || symbol.type == STT_FILE || is_local_label(symbol.name)) continue;
    if (!common && !holds_entities(object_->sections[symbol.section])) continue;
    Entity entity;
    entity.name = symbol.name;
    entity.key = symbol.name;
    entity.kind = common ? Kind::kVariable : kind_of(object_->sections[symbol.section]);
    entity.local = symbol.local();
    entity.weak = symbol.binding == STB_WEAK || symbol.binding == STB_GNU_UNIQUE;
    entity.hidden = symbol.visibility == STV_HIDDEN || symbol.visibility == STV_INTERNAL;
    entity.indirect = symbol.type == STT_GNU_IFUNC;
    entity.section = common ? 0 : symbol.section;
    entity.offset = common ? 0 : symbol.value;
    entity.size = symbol.size;
    const bool numbered_constant = entity.kind == Kind::kConstant && is_numbered(entity);
    const bool coroutine = entity.kind == Kind::kFunction && is_coroutine_part(entity.name);
    entity.part_of_user = is_clone(entity.name) || coroutine || numbered_constant || starts_with(entity.name, "DW.ref.") ||
                          is_numbered_by_compiler(entity.name) || is_pc_thunk(entity.name) ||
                          (entity.kind == Kind::kFunction && symbol.type == STT_NOTYPE);
    all_.push_back(std::move(entity));
  }
}

void Entities::index_places() {
  for (size_t i = 0; i < all_.size(); i++) by_section_[all_[i].section].push_back(i);
  by_section_.erase(0);
  for (auto& [section, indexes] : by_section_) {
    std::stable_sort(indexes.begin(), indexes.end(), [this](size_t a, size_t b) {
      if (all_[a].offset != all_[b].offset) return all_[a].offset < all_[b].offset;
      // An indirect function lies where its resolver does, which is another function.
      if (all_[a].indirect != all_[b].indirect) return all_[b].indirect;
      return all_[a].part_of_user < all_[b].part_of_user;
    });
    // A symbol without a size (assembler) reaches to the next one.
    for (size_t k = 0; k < indexes.size(); k++) {
      Entity& entity = all_[indexes[k]];
      const uint64_t end = k + 1 < indexes.size() ? all_[indexes[k + 1]].offset : object_->sections[section].size;
      if (entity.size == 0) entity.size = end - entity.offset;
      entity.size = std::min(entity.size, object_->sections[section].size - entity.offset);
    }
  }
}

void Entities::collect_anchors() {
  for (const Symbol& symbol : object_->symbols) {
    if (symbol.defined() && symbol.type != STT_FILE) anchors_[symbol.section][symbol.value] = true;
  }
  for (const Section& section : object_->sections) {
    for (const Relocation& relocation : section.relocations) {
      const Symbol& symbol = object_->symbols[relocation.symbol];
      if (!symbol.defined() || symbol.type != STT_SECTION) continue;
      const bool relative = is_pc_relative(relocation.type) && section.executable();
      const int64_t offset = sum(symbol.value, relocation.addend, relative ? 4 : 0);
      if (offset < 0) continue;
      bool& exact = anchors_[symbol.section].emplace(uint64_t(offset), true).first->second;
      exact = exact && (!relative || has_no_immediate(section, relocation.offset));
    }
  }
}

uint64_t Entities::contents_end(uint32_t section, uint64_t offset) const {
  const uint64_t size = object_->sections[section].size;
  const auto found = anchors_.find(section);
  if (found == anchors_.end()) return size;
  const auto next = found->second.upper_bound(offset);
  if (next == found->second.end()) return size;
  return next->second ? next->first : std::min(size, next->first + kMostImmediate);
}

// .eh_frame (LSB 5.0, 10.6): in each record the first relocation is the function, the next one its LSDA.
void Entities::read_frames() {
  for (uint32_t index = 0; index < object_->sections.size(); index++) {
    const Section& frames = object_->sections[index];
    if (frames.name != ".eh_frame") continue;
    auto relocation = frames.relocations.begin();
    for (uint64_t at = 0; at + 8 <= frames.bytes.size();) {
      uint32_t length = 0, id = 0;
      load(frames.bytes, at, &length);
      load(frames.bytes, at + 4, &id);
      if (length == 0 || length == 0xffffffff) break;
      const uint64_t end = at + 4 + length;
      std::vector<const Relocation*> inside;
      for (; relocation != frames.relocations.end() && relocation->offset < end; ++relocation) {
        inside.push_back(&*relocation);
      }
      if (id != 0 && inside.size() >= 2) {
        const Target function = target_of(index, *inside[0]);
        if (function.form == Target::Form::kEntity) {
          exception_tables_[{function.entity->section, function.entity->offset}] = target_of(index, *inside[1]);
        }
      }
      at = end;
    }
  }
}

Target Entities::exception_table_of(const Entity& function) const {
  const auto found = exception_tables_.find({function.section, function.offset});
  return found == exception_tables_.end() ? Target{Target::Form::kNothing, {}, nullptr, 0, 0} : found->second;
}

const Entity* Entities::find(const std::string& key) const {
  const auto found = by_key_.find(key);
  return found == by_key_.end() ? nullptr : &all_[found->second];
}

const Entity* Entities::at(uint32_t section, int64_t offset) const {
  const auto found = by_section_.find(section);
  if (found == by_section_.end() || offset < 0) return nullptr;
  const Entity* best = nullptr;
  for (const size_t index : found->second) {
    const Entity& entity = all_[index];
    if (entity.offset > uint64_t(offset)) break;
    const bool inside = uint64_t(offset) < entity.offset + entity.size || uint64_t(offset) == entity.offset;
    if (inside && (!best || entity.offset > best->offset)) best = &entity;
  }
  return best;
}

/// Loops over an array refer to the place behind its end, and optimised ones to places before its start as well: all that
/// is said of them is the section, and where in it.
const Entity* Entities::beside(uint32_t section, int64_t place) const {
  const Section& data = object_->sections[section];
  const auto found = by_section_.find(section);
  if (found == by_section_.end() || data.executable() || (data.flags & SHF_MERGE) != 0) return nullptr;
  const Entity& first = all_[found->second.front()];
  const Entity& last = all_[found->second.back()];
  if (first.offset == last.offset && first.size == data.size) return &first;
  for (const size_t index : found->second) {
    if (place >= 0 && all_[index].offset + all_[index].size == uint64_t(place)) return &all_[index];
  }
  return nullptr;
}

Target Entities::target_of(uint32_t section, const Relocation& relocation) const {
  const Reference reference = reference_of(relocation.type);
  const Symbol& symbol = object_->symbols[relocation.symbol];
  if (relocation.symbol == 0 || reference == Reference::kNone) return {Target::Form::kNothing, {}, nullptr, 0, 0};
  if (symbol.section == SHN_COMMON) {
    const auto entity = std::find_if(all_.begin(), all_.end(), [&](const Entity& e) { return e.name == symbol.name; });
    return {Target::Form::kEntity, symbol.name, &*entity, 0, relocation.addend};
  }
  if (!symbol.defined()) return {Target::Form::kExternal, symbol.name, nullptr, 0, relocation.addend};
  // A pc-relative addend counts from the end of the instruction: 4 bytes more, and more still if an immediate
  // operand follows. A named symbol says what is meant; a section's symbol leaves it to the addend.
  const bool anonymous = symbol.type == STT_SECTION || is_local_label(symbol.name);
  const bool frame = starts_with(object_->sections[section].name, ".eh_frame");
  const int64_t shift = is_pc_relative(relocation.type) && !frame && object_->sections[section].executable() ? 4 : 0;
  const int64_t from_symbol = sum(0, relocation.addend, shift);
  int64_t place = int64_t(symbol.value);
  if (symbol.type == STT_SECTION) place = sum(symbol.value, from_symbol, shift > 0 ? immediate_behind(section, relocation) : 0);
  if (is_local_label(symbol.name) && symbol.type != STT_SECTION) {
    place = sum(symbol.value, std::max<int64_t>(0, from_symbol), 0);
  }
  const Entity* entity = symbol.type == STT_GNU_IFUNC ? indirect(symbol) : at(symbol.section, place);
  if (!entity && anonymous && shift > 0) {
    // The immediate operand moved the place before the start of the variable: look a little behind it.
    for (int64_t more = 1; more <= 4 && !entity; more++) entity = at(symbol.section, sum(uint64_t(place), more, 0));
  }
  if (!entity && anonymous) entity = beside(symbol.section, place);
  if (!entity) return {Target::Form::kContents, {}, nullptr, symbol.section, place};
  const int64_t inside = sum(symbol.value - entity->offset, relocation.addend, shift);
  return {Target::Form::kEntity, entity->name, entity, symbol.section, inside};
}

/// Bytes of the immediate operand behind a displacement. Decoded only if it decides between variables of one section.
int64_t Entities::immediate_behind(uint32_t section, const Relocation& relocation) const {
  const Symbol& symbol = object_->symbols[relocation.symbol];
  const int64_t place = sum(symbol.value, relocation.addend, 4);
  const Entity* nearest = at(symbol.section, place);
  bool certain = true;
  for (const int64_t size : {1, 2, 4}) certain = certain && at(symbol.section, sum(uint64_t(place), size, 0)) == nearest;
  const Entity* function = certain ? nullptr : at(section, int64_t(relocation.offset));
  if (!function || function->kind != Kind::kFunction) return 0;
  const auto displacement = displacement_at(object_->machine, object_->sections[section].bytes, function->offset, relocation.offset);
  return displacement ? int64_t(displacement->end - relocation.offset) - 4 : 0;
}

const Entity* Entities::indirect(const Symbol& symbol) const {
  for (const size_t index : by_section_.at(symbol.section)) {
    const Entity& entity = all_[index];
    if (entity.indirect && entity.name == symbol.name) return &entity;
  }
  return nullptr;
}

bool Entities::refers_into_function(const Entity& entity) const {
  if (entity.section == 0 || entity.kind == Kind::kFunction) return false;
  for (const Relocation& relocation : object_->sections[entity.section].relocations) {
    if (relocation.offset < entity.offset || relocation.offset >= entity.offset + entity.size) continue;
    const Target target = target_of(entity.section, relocation);
    if (target.form == Target::Form::kEntity && target.entity->kind == Kind::kFunction && target.offset != 0) {
      return true;
    }
  }
  return false;
}

std::set<std::string> Entities::users_of(const Entity& entity) const {
  std::set<std::string> users;
  for (const auto& [section, indexes] : by_section_) {
    if (!object_->sections[section].executable()) continue;
    for (const Relocation& relocation : object_->sections[section].relocations) {
      const Target target = target_of(section, relocation);
      if (target.form != Target::Form::kEntity || target.entity != &entity) continue;
      const Entity* user = at(section, int64_t(relocation.offset));
      if (user) users.insert(user->name.substr(0, user->name.find('.')));
    }
  }
  return users;
}

// The number of a function static of C changes with every static that is added before it: the name without the number
// is the key where it is the only one of that name, else the functions that use it tell them apart.
void Entities::key_numbered_statics() {
  if (from_clang_) return;  // its numbers are those of members that it took apart, and of statics of one function
  std::map<std::string, std::vector<Entity*>> families;
  for (Entity& entity : all_) {
    if (is_numbered(entity) && !entity.part_of_user) families[std::string(without_number(entity.name))].push_back(&entity);
  }
  for (auto& [stem, members] : families) {
    std::map<std::string, std::vector<Entity*>> by_users;
    for (Entity* member : members) {
      member->users = users_of(*member);
      member->key = stem + ".#";
      for (const std::string& user : member->users) member->key += members.size() > 1 ? "@" + user : "";
      by_users[member->key].push_back(member);
    }
    for (auto& [key, same] : by_users) {
      for (size_t i = 0; same.size() > 1 && i < same.size(); i++) {
        same[i]->key = key + "#" + std::to_string(i);
        same[i]->ambiguous = true;
      }
    }
  }
}

bool is_clone_of(const Entity& clone, const Entity& function) {
  const bool longer = clone.name.size() > function.name.size() && clone.name[function.name.size()] == '.';
  return clone.part_of_user && longer && clone.name.compare(0, function.name.size(), function.name) == 0;
}

}  // namespace hotreload
