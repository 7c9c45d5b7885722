// The passes that lay a fix out, and what they end in: the record, and the ELF file around the image.
//
// Gather (from the replaced functions along their references), place, relocate, check the calls, write the record, finish
// the ELF file.
// In the image a place in the file is the address, counted from the image's first byte.
#include "image.h"

#include <elf.h>

#include "../core/bytes.h"
#include "../core/names.h"
#include "elf_file.h"
#include "image_builder.h"

namespace hotreload {

Result<Image> ImageBuilder::run() {
  for (auto pass : {&ImageBuilder::gather, &ImageBuilder::place, &ImageBuilder::relocate, &ImageBuilder::check_conventions,
                    &ImageBuilder::write_record}) {
    auto done = (this->*pass)();
    if (!done) return done.error();
  }
  finish();
  return std::move(result_);
}

Error ImageBuilder::broken(const Use& use, const std::string& what, const char* code) const {
  char offset[32];
  snprintf(offset, sizeof offset, "0x%llx", static_cast<unsigned long long>(use.relocation->offset));
  const std::string symbol(object(use.where.first).symbols[use.relocation->symbol].name);
  return {code,
          what + " (relocation type " + std::to_string(elf_type(use.relocation->type)) + " at " +
              std::string(section(use.where).name) + "+" + offset + (symbol.empty() ? "" : ", " + demangle(symbol)) + ")",
          object(use.where.first).path};
}

uint64_t ImageBuilder::put(uint64_t* at, std::string_view value) {
  const uint64_t place = *at;
  bytes_.replace(place, value.size(), value);
  *at += value.size();
  return place;
}

Result<Nothing> ImageBuilder::write_record() {
  ImageRecord record{};
  record.magic = kRecordMagic;
  record.version = kFormatVersion;
  record.bits = uint32_t(bits_of(machine()));
  record.memory = memory_;
  record.state = state_place_;
  uint64_t at = tables_;
  std::string table;
  for (const Replacement& replacement : input_.replacements) {
    RedirectRecord redirect = replacement.entry;
    redirect.target = places_.at({replacement.object, replacement.function->section}) + replacement.function->offset;
    redirect.name = name(replacement.name);
    append(&table, redirect);
  }
  record.redirects = {put(&at, table), table.size()};
  write_edits(&at, &record);
  table.clear();
  for (const auto& [where, entity, key] : added_) {
    append(&table, AddedRecord{places_.at(where) + entity->offset, entity->size, name(key),
                               uint32_t(entity->kind == Kind::kFunction)});
  }
  record.added = {put(&at, table), table.size()};
  table = reliance_table();
  record.reliances = {put(&at, table), table.size()};
  record.names = {put(&at, names_), names_.size()};
  record.description = {put(&at, input_.description), input_.description.size()};
  input_.module->build_id.copy(record.build_id, sizeof record.build_id - 1);
  input_.module_name.copy(record.module, sizeof record.module - 1);
  store(&bytes_, kRecordOffset, record);
  return Nothing{};
}

void ImageBuilder::write_edits(uint64_t* at, ImageRecord* record) {
  const uint64_t table_place = *at;
  *at += input_.edits.size() * sizeof(EditRecord);
  uint64_t previous = previous_place_;
  std::string table;
  for (const Edit& edit : input_.edits) {
    uint64_t value = 0;
    if (!edit.variable) value = put(at, edit.value);
    else value = places_.at({edit.object, edit.variable->section}) + edit.variable->offset;
    append(&table, EditRecord{edit.address, edit.size, value, previous, 0, name(edit.name), 0});
    previous += edit.size;
  }
  uint64_t table_at = table_place;
  record->edits = {put(&table_at, table), table.size()};
}

void ImageBuilder::finish() {
  std::vector<FrameEntry> entries;
  for (const auto& [where, record] : frame_order_) {
    if (record->common) continue;
    const Relocation& start = *record->relocations[0];
    const Symbol& symbol = object(where.first).symbols[start.symbol];
    const uint64_t function = places_.at({where.first, symbol.section}) + symbol.value + uint64_t(start.addend);
    entries.push_back({function, frame_place_ + taken_[{where, record->offset}]});
  }
  const std::string header = frame_header(header_place_, frame_place_, entries);
  bytes_.replace(header_place_, header.size(), header);

  ElfFile file(&bytes_, bits_of(machine()));
  file.segments({read_only_end_, data_, data_end_, memory_, dynamic_place_, header_place_, header.size()});
  for (const Where& where : order_) {
    for (const Entity& entity : (*input_.objects)[where.first].after->all()) {
      if (entity.section != where.second) continue;
      file.symbol(entity.name, places_.at(where) + entity.offset, entity.size, entity.kind == Kind::kFunction);
    }
  }
  file.finish({code_, code_end_ - code_});
  for (const auto& [place, value, wide] : file.addresses()) {
    fixup(place, wide ? FixupKind::kAbsolute64 : FixupKind::kAbsolute32, symbol_index({Base::kImage, 0, value}, ""), 0);
  }

  PayloadHeader payload{};
  payload.magic = kPayloadMagic;
  payload.version = kFormatVersion;
  payload.bits = uint32_t(bits_of(machine()));
  payload.memory = memory_;
  std::string& out = result_.payload;
  out.assign(sizeof payload, '\0');
  for (const auto& [span, part] : {std::make_pair(&payload.image, &bytes_), {&payload.fixups, &fixups_},
                                   {&payload.symbols, &symbols_}, {&payload.names, &symbol_names_}}) {
    out.resize(align(out.size(), 16), '\0');
    *span = {out.size(), part->size()};
    out += *part;
  }
  store(&out, 0, payload);
}

Result<Image> build_image(ImageInput input) { return ImageBuilder(std::move(input)).run(); }

}  // namespace hotreload
