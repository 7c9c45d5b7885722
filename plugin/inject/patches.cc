// Finds images by the name of their mapping and reads their records.
#include "patches.h"

#include <algorithm>

namespace hotreload {

namespace {

template <typename T>
bool read_table(const Target& target, uint64_t start, const Span& span, std::vector<T>* table) {
  if (span.size > kMostBytes || span.size % sizeof(T) != 0) return false;
  table->resize(span.size / sizeof(T));
  return table->empty() || target.read(start + span.offset, table->data(), span.size);
}

bool read_text(const Target& target, uint64_t start, const Span& span, std::string* text) {
  if (span.size > kMostBytes) return false;
  text->resize(span.size);
  return text->empty() || target.read(start + span.offset, text->data(), text->size());
}

}  // namespace

std::string LoadedPatch::name(uint32_t offset) const {
  return offset < names.size() ? std::string(names.c_str() + offset) : "";
}

std::string LoadedPatch::digest() const {
  std::string text;
  for (const uint8_t byte : record.digest) {
    char digits[3];
    snprintf(digits, sizeof digits, "%02x", byte);
    text += digits;
  }
  return text;
}

bool read_patch(const Target& target, uint64_t start, LoadedPatch* patch) {
  patch->start = start;
  ImageRecord& record = patch->record;
  if (!target.read(start + kRecordOffset, &record) || record.magic != kRecordMagic || record.start != start ||
      record.version != kFormatVersion) {
    return false;
  }
  record.build_id[sizeof record.build_id - 1] = record.module[sizeof record.module - 1] = '\0';
  if (!target.read(start + record.state, &patch->state)) return false;
  patch->state.by[sizeof patch->state.by - 1] = '\0';
  return read_table(target, start, record.redirects, &patch->redirects) &&
         read_table(target, start, record.edits, &patch->edits) && read_table(target, start, record.added, &patch->added) &&
         read_table(target, start, record.reliances, &patch->reliances) &&
         read_text(target, start, record.names, &patch->names) &&
         read_text(target, start, record.description, &patch->description);
}

Result<std::vector<LoadedPatch>> read_patches(const Target& target) {
  auto mappings = target.mappings();
  if (!mappings) return mappings.error();
  std::vector<LoadedPatch> patches;
  const std::string path = std::string("/memfd:") + kPatchName;
  for (const Mapping& mapping : mappings.value()) {
    LoadedPatch patch{};
    if (mapping.offset != 0 || mapping.path.rfind(path, 0) != 0) continue;
    if (read_patch(target, mapping.start, &patch)) patches.push_back(std::move(patch));
  }
  return patches;
}

}  // namespace hotreload
