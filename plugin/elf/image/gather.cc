// Gathers the sections that a fix needs, from the replaced functions along their references, with the records of
// .eh_frame, and reserves the GOT entries and stubs through which they reach other modules.
#include "image_builder.h"

namespace hotreload {

void ImageBuilder::include(const Where& where) {
  if (included_.insert(where).second) pending_.push_back(where);
}

Result<Nothing> ImageBuilder::gather() {
  for (const Replacement& replacement : input_.replacements) {
    include({replacement.object, replacement.function->section});
  }
  for (const Edit& edit : input_.edits) {
    if (edit.variable && edit.variable->section != 0) include({edit.object, edit.variable->section});
  }
  while (!pending_.empty()) {
    while (!pending_.empty()) {
      const Where where = pending_.front();
      pending_.pop_front();
      order_.push_back(where);
      for (const Relocation& relocation : section(where).relocations) {
        auto used = use(where, relocation, 0, relocation.offset);
        if (!used) return used;
      }
    }
    auto framed = gather_frames();
    if (!framed) return framed;
  }
  return Nothing{};
}

Result<Nothing> ImageBuilder::use(const Where& where, const Relocation& relocation, uint64_t base, uint64_t offset) {
  if (reference_of(relocation.type) == Reference::kNone) return Nothing{};
  auto meaning = input_.references->of(where.first, where.second, relocation);
  if (!meaning) return meaning.error();
  uses_.push_back({where, &relocation, meaning.value(), base, offset});
  const Meaning& means = uses_.back().meaning;
  const bool own = means.base == Base::kImage || means.base == Base::kAdded;
  if (own && means.section != 0) include({means.object, means.section});
  return prepare(uses_.back());
}

Result<Nothing> ImageBuilder::prepare(const Use& use) {
  const bool own = use.meaning.base == Base::kImage || use.meaning.base == Base::kAdded;
  if (use.meaning.thread_local_storage && (own || use.meaning.base == Base::kLibrary)) {
    return broken(use, "refers to a thread_local variable that the running module does not have", "E_THREAD_LOCAL");
  }
  switch (reference_of(use.relocation->type)) {
    case Reference::kGot: slot(slot_key(use)); break;
    case Reference::kTlsGeneral:
    case Reference::kTlsLocal: slot(slot_key(use), 2); break;
    case Reference::kTlsInitial: slot(slot_key(use)); break;
    default:
      if (goes_through_stub(use)) {
        stubs_.emplace(slot_key(use), stubs_.size() * kStubSize);
        slot(slot_key(use));
      } else if (const auto access = access_of(use)) {
        slot(access_key(use));
        if (access->kind == DataAccess::Kind::kLoad) stubs_.emplace(site_key(use), stubs_.size() * kStubSize);
      }
  }
  return Nothing{};
}

bool ImageBuilder::is_outside(const Use& use) const {
  return use.meaning.base == Base::kLibrary || use.meaning.base == Base::kNothing;
}

bool ImageBuilder::goes_through_stub(const Use& use) const {
  if (!is_outside(use) || reaches_everything()) return false;
  const Reference reference = reference_of(use.relocation->type);
  const bool function = use.meaning.base == Base::kLibrary && is_library_function(use.meaning.name);
  if (reference == Reference::kAbsolute32) return function;
  return reference == Reference::kRelative32 && (is_branch(use) || (function && is_frame(use)));
}

std::optional<DataAccess> ImageBuilder::access_of(const Use& use) const {
  const Section& code = section(use.where);
  const bool data = use.meaning.base == Base::kLibrary && code.executable() && !reaches_everything() &&
                    reference_of(use.relocation->type) == Reference::kRelative32 && !is_branch(use);
  const Entity* function =
      data ? (*input_.objects)[use.where.first].after->at(use.where.second, int64_t(use.relocation->offset)) : nullptr;
  if (!function) return std::nullopt;
  return find_access(code.bytes, function->offset, use.relocation->offset);
}

std::string ImageBuilder::access_key(const Use& use) const {
  return "data," + use.meaning.name + "," + std::to_string(use.meaning.addend);
}

std::string ImageBuilder::site_key(const Use& use) const {
  return "site," + std::to_string(use.where.first) + "," + std::to_string(use.where.second) + "," +
         std::to_string(use.relocation->offset);
}

bool ImageBuilder::is_branch(const Use& use) const {
  if (use.relocation->type == R_X86_64_PLT32 || use.relocation->type == x86_type(R_386_PLT32)) return true;
  const std::string_view code = section(use.where).bytes;
  const uint64_t at = use.relocation->offset;
  if (!section(use.where).executable() || at < 2) return false;
  const uint8_t opcode = uint8_t(code[at - 1]), before = uint8_t(code[at - 2]);
  return opcode == 0xe8 || opcode == 0xe9 || (before == 0x0f && opcode >= 0x80 && opcode <= 0x8f);
}

std::string ImageBuilder::slot_key(const Use& use) const {
  const Meaning& meaning = use.meaning;
  const Reference reference = reference_of(use.relocation->type);
  const bool pair = reference == Reference::kTlsGeneral || reference == Reference::kTlsLocal;
  std::string key = std::to_string(int(meaning.base)) + "," + std::to_string(meaning.value) + "," + meaning.name;
  if (meaning.base != Base::kLibrary) key += "," + std::to_string(meaning.object) + "," + std::to_string(meaning.section);
  if (!is_outside(use)) key += "," + std::to_string(meaning.addend - use.relocation->addend);
  if (reference == Reference::kTlsLocal) return "module";
  return key + (pair ? ",pair" : reference == Reference::kTlsInitial ? ",offset" : "");
}

void ImageBuilder::slot(const std::string& key, uint64_t count) {
  if (slots_.emplace(key, slots_size_).second) slots_size_ += count * kSlotSize;
}

Result<Nothing> ImageBuilder::gather_frames() {
  for (uint32_t i = 0; i < input_.objects->size(); i++) {
    for (uint32_t s = 0; s < object(i).sections.size(); s++) {
      if (object(i).sections[s].name != ".eh_frame") continue;
      if (frames_.count({i, s}) == 0) {
        auto records = read_frames(object(i), s);
        if (!records) return records.error();
        frames_[{i, s}] = std::move(records.value());
      }
      auto taken = take_frames({i, s});
      if (!taken) return taken;
    }
  }
  return Nothing{};
}

Result<Nothing> ImageBuilder::take_frames(const Where& where) {
  for (const FrameRecord& record : frames_[where]) {
    if (record.common || record.relocations.empty()) continue;
    const Symbol& symbol = object(where.first).symbols[record.relocations[0]->symbol];
    if (included_.count({where.first, symbol.section}) == 0 || taken_.count({where, record.offset}) > 0) continue;
    const FrameRecord* cie = nullptr;
    for (const FrameRecord& other : frames_[where]) {
      if (other.common && other.offset == record.cie) cie = &other;
    }
    if (!cie) return Error{"E_ELF", "has a record in .eh_frame without its CIE", object(where.first).path};
    for (const FrameRecord* one : {cie, &record}) {
      if (!taken_.emplace(std::make_pair(where, one->offset), frames_size_).second) continue;
      const uint64_t base = frames_size_;
      frame_order_.push_back({where, one});
      frames_size_ += one->size;
      for (const Relocation* relocation : one->relocations) {
        auto used = use(where, *relocation, base, relocation->offset - one->offset);
        if (!used) return used;
      }
    }
  }
  return Nothing{};
}

}  // namespace hotreload
