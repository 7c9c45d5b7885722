// Places what was gathered: record and tables, code, stubs, constants, unwind information, data.
#include "image_builder.h"

#include "../core/bytes.h"
#include "../core/names.h"
#include "elf_file.h"

namespace hotreload {

ImageBuilder::Part ImageBuilder::part_of(const Section& section) const {
  if (section.executable()) return Part::kCode;
  if (section.type == SHT_NOBITS) return Part::kZero;
  return (section.flags & SHF_WRITE) != 0 ? Part::kData : Part::kConstant;
}

void ImageBuilder::place_part(Part part, uint64_t* at) {
  for (const Where& where : order_) {
    const Section& placed = section(where);
    if (part_of(placed) != part || placed.name == ".eh_frame") continue;
    *at = align(*at, placed.alignment);
    places_[where] = *at;
    *at += placed.size;
  }
}

Result<Nothing> ImageBuilder::place() {
  uint64_t at = kRecordOffset + sizeof(ImageRecord);
  tables_ = align(at, 16);
  for (const Replacement& replacement : input_.replacements) name(replacement.name);
  collect_added();
  collect_calls();
  for (const Edit& edit : input_.edits) name(edit.name);
  at = tables_ + input_.replacements.size() * sizeof(RedirectRecord) + input_.edits.size() * sizeof(EditRecord) +
       added_.size() * sizeof(AddedRecord) + calls_.size() * sizeof(RelianceRecord) + names_.size() + input_.description.size() + 1;
  for (const Edit& edit : input_.edits) at += edit.value.size();
  code_ = at = align(at, 64);
  place_part(Part::kCode, &at);
  stub_place_ = at = align(at, kStubSize);
  at += stubs_.size() * kStubSize;
  code_end_ = at;
  place_part(Part::kConstant, &at);
  frame_place_ = at = align(at, 8);
  at += frames_size_ + 4;
  header_place_ = at = align(at, 4);
  uint64_t functions = 0;
  for (const auto& [where, record] : frame_order_) functions += record->common ? 0 : 1;
  at += 12 + 8 * functions;
  read_only_end_ = at;
  data_ = at = align(at, kPage);
  state_place_ = at;
  at += sizeof(StateRecord);
  previous_place_ = at;
  for (const Edit& edit : input_.edits) at += edit.size;
  dynamic_place_ = at = align(at, 16);
  at += kDynamicSize;
  slot_place_ = at = align(at, 16);
  at += slots_size_;
  place_part(Part::kData, &at);
  data_end_ = at;
  place_part(Part::kZero, &at);
  place_commons(&at);
  memory_ = align(at, kPage);
  bytes_.assign(data_end_, '\0');
  for (const Where& where : order_) copy_section(where);
  for (const auto& [where, record] : frame_order_) copy_frame(where, *record);
  return Nothing{};
}

void ImageBuilder::place_commons(uint64_t* at) {
  for (const Use& use : uses_) {
    const bool own = use.meaning.base == Base::kImage || use.meaning.base == Base::kAdded;
    if (!own || use.meaning.section != 0 || commons_.count(use.meaning.name) > 0) continue;
    const Entity* entity = (*input_.objects)[use.meaning.object].after->find(use.meaning.name);
    *at = align(*at, 32);
    commons_[use.meaning.name] = *at;
    *at += entity ? entity->size : 8;
  }
}

void ImageBuilder::copy_section(const Where& where) {
  const Section& copied = section(where);
  const auto placed = places_.find(where);
  if (placed == places_.end() || copied.type == SHT_NOBITS) return;
  bytes_.replace(placed->second, copied.bytes.size(), copied.bytes);
}

void ImageBuilder::copy_frame(const Where& where, const FrameRecord& record) {
  const uint64_t at = frame_place_ + taken_[{where, record.offset}];
  bytes_.replace(at, record.size, section(where).bytes.substr(record.offset, record.size));
  if (!record.common) store(&bytes_, at + 4, uint32_t(at + 4 - (frame_place_ + taken_[{where, record.cie}])));
}

uint32_t ImageBuilder::name(const std::string& text) {
  const auto [found, fresh] = name_places_.emplace(text, uint32_t(names_.size()));
  if (fresh) names_ += text + '\0';
  return found->second;
}

void ImageBuilder::collect_added() {
  for (const Where& where : order_) {
    const Entities& entities = *(*input_.objects)[where.first].after;
    for (const Entity& entity : entities.all()) {
      if (entity.section != where.second || entity.part_of_user || entity.kind == Kind::kConstant) continue;
      if (is_initializer(entity.name)) continue;  // it lies beside what is needed, and never runs
      auto existing = input_.references->existing(where.first, entity);
      if (!existing || existing.value()) continue;
      const bool is_function = entity.kind == Kind::kFunction;
      const std::string key = input_.references->added_name(where.first, entity);
      name(key);
      added_.push_back({where, &entity, key});
      result_.added.push_back({key, is_function});
    }
  }
}

}  // namespace hotreload
