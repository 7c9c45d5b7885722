// Computes digests.
#include "digest.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>

#include "names.h"
#include "relocation.h"

namespace hotreload {

namespace {

/// Constants that only the code of their own object, or of objects that were rebuilt with it, can know the contents of.
bool is_compared_by_contents(const Entity& entity) {
  if (entity.part_of_user) return true;
  if (entity.kind != Kind::kConstant) return false;
  return (entity.local || entity.weak) && !is_virtual_table(entity.name) && !is_type_information(entity.name);
}

/// What lies in a section without a name may end in padding. The same code reads the same number of bytes of it, so
/// whether the last zeros belong to it makes no difference.
uint64_t unpadded_end(const Section& section, uint64_t start, uint64_t end) {
  if (section.type == SHT_NOBITS) return end;
  end = std::max(start, std::min<uint64_t>(end, section.bytes.size()));
  const auto next = std::lower_bound(section.relocations.begin(), section.relocations.end(), end,
                                     [](const Relocation& r, uint64_t offset) { return r.offset < offset; });
  // The place of a relocation is zero, and is filled in by the linker.
  const uint64_t filled = next == section.relocations.begin() ? 0 : std::prev(next)->offset + sizeof(uint64_t);
  while (end > start && end > filled && section.bytes[end - 1] == 0) end--;
  return end;
}

}  // namespace

Digest Digester::of(const Entity& entity) {
  by_name_ = false;
  return digest(entity);
}

Digest Digester::of_contents(const Entity& entity) {
  by_name_ = true;
  return digest(entity);
}

Digest Digester::digest(const Entity& entity) {
  text_.clear();
  visited_.clear();
  own_section_ = entity.section;
  own_offset_ = entity.offset;
  add_entity(entity);
  const XXH128_hash_t hash = XXH3_128bits(text_.data(), text_.size());
  return {hash.low64, hash.high64};
}

void Digester::add(uint64_t number) { text_.append(reinterpret_cast<const char*>(&number), sizeof number); }

void Digester::add(std::string_view text) {
  add(uint64_t(text.size()));
  text_.append(text);
}

void Digester::add_name(const Entity& entity) { name_of_ ? add(name_of_(entity)) : add(entity.key); }

void Digester::add_entity(const Entity& entity) {
  add(uint64_t(entity.kind));
  // The name of a type, with the number of a lambda in it: it says no more than its symbol.
  if (is_type_name(entity.name)) return add_name(entity);
  add(entity.size);
  if (entity.section == 0) return;
  visited_.emplace(std::make_pair(entity.section, entity.offset), visited_.size());
  add_range(entity.section, entity.offset, entity.size);
  if (entity.kind != Kind::kFunction) return;
  const Target table = entities_.exception_table_of(entity);
  if (table.form == Target::Form::kContents) add_contents(table.section, table.offset);
  if (table.form == Target::Form::kEntity) add_contents(table.section, int64_t(table.entity->offset) + table.offset);
}

void Digester::add_range(uint32_t index, uint64_t start, uint64_t size) {
  const Section& section = entities_.object().sections[index];
  const uint64_t end = std::min(start + size, section.size);
  add(section.type == SHT_NOBITS ? std::string_view("zero") : section.bytes.substr(start, end - start));
  auto relocation = std::lower_bound(section.relocations.begin(), section.relocations.end(), start,
                                     [](const Relocation& r, uint64_t offset) { return r.offset < offset; });
  for (; relocation != section.relocations.end() && relocation->offset < end; ++relocation) {
    add(relocation->offset - start);
    add(uint64_t(relocation->type));
    add_target(index, *relocation);
  }
}

void Digester::add_target(uint32_t section, const Relocation& relocation) {
  const Target target = entities_.target_of(section, relocation);
  switch (target.form) {
    case Target::Form::kNothing:
      add("nothing");
      return;
    case Target::Form::kExternal:
      add(target.name);
      add(uint64_t(target.offset));
      return;
    case Target::Form::kContents:
      if (entities_.object().sections[target.section].executable()) {
        add(target.section == own_section_ ? std::string_view("own text")
                                           : entities_.object().sections[target.section].name);
        add(uint64_t(target.offset) - own_offset_);
        return;
      }
      add_contents(target.section, target.offset);
      return;
    case Target::Form::kEntity: {
      const Entity& entity = *target.entity;
      add(uint64_t(target.offset));
      if (entity.section == own_section_ && entity.offset == own_offset_) {
        add("itself");
      } else if (!is_compared_by_contents(entity) || (by_name_ && !entity.part_of_user)) {
        add_name(entity);
      } else {
        if (!entity.part_of_user) add_name(entity);
        const auto seen = visited_.find({entity.section, entity.offset});
        if (seen == visited_.end()) add_entity(entity);
        else add(seen->second);
      }
      return;
    }
  }
}

void Digester::add_contents(uint32_t index, int64_t offset) {
  const Section& section = entities_.object().sections[index];
  if (offset < 0 || uint64_t(offset) > section.size) {
    add("outside");
    return;
  }
  const uint64_t start = uint64_t(offset);
  const auto [seen, is_new] = visited_.emplace(std::make_pair(index, start), visited_.size());
  if (!is_new) {
    add("again");
    add(seen->second);
    return;
  }
  add(uint64_t(section.flags));
  if ((section.flags & SHF_MERGE) != 0 && (section.flags & SHF_STRINGS) != 0) {
    const uint64_t width = std::max<uint64_t>(section.entry_size, 1);
    uint64_t end = start;
    for (uint64_t zeros = 0; end < section.size && zeros < width; end++) zeros = section.bytes[end] == 0 ? zeros + 1 : 0;
    add_range(index, start, end - start);
  } else if ((section.flags & SHF_MERGE) != 0 && section.entry_size > 0) {
    // A place inside an entry is a part of it (gcc takes scalars out of vectors), or the start of the next one if the
    // instruction has an immediate operand, which is at most 4 bytes long.
    const uint64_t inside = start % section.entry_size, rest = section.entry_size - inside;
    add(inside);
    add_range(index, start - inside, inside != 0 && rest <= 4 ? 2 * section.entry_size : section.entry_size);
  } else {
    add_range(index, start, unpadded_end(section, start, entities_.contents_end(index, start)) - start);
  }
}

}  // namespace hotreload
