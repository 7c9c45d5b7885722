// Splits .eh_frame into records and writes the table that unwinders search.
#include "frames.h"

#include <algorithm>

#include "../core/bytes.h"

namespace hotreload {

namespace {

constexpr uint8_t kRelativeSigned32 = 0x1b, kUnsigned32 = 0x03, kHeaderSigned32 = 0x3b;  // DW_EH_PE

}  // namespace

Result<std::vector<FrameRecord>> read_frames(const Object& object, uint32_t index) {
  const Section& section = object.sections[index];
  std::vector<FrameRecord> records;
  auto relocation = section.relocations.begin();
  for (uint64_t at = 0; at + 4 <= section.bytes.size();) {
    uint32_t length = 0, id = 0;
    load(section.bytes, at, &length);
    if (length == 0) break;
    if (length == 0xffffffff || !load(section.bytes, at + 4, &id) || length > section.bytes.size() - at - 4) {
      return Error{"E_ELF", "has a record in .eh_frame that cannot be read, at " + std::to_string(at), object.path};
    }
    FrameRecord record{at, length + 4, id == 0, id == 0 ? 0 : at + 4 - id, {}};
    for (; relocation != section.relocations.end() && relocation->offset < at + record.size; ++relocation) {
      record.relocations.push_back(&*relocation);
    }
    at += record.size;
    records.push_back(std::move(record));
  }
  return records;
}

std::string frame_header(uint64_t place, uint64_t frames, std::vector<FrameEntry> entries) {
  std::sort(entries.begin(), entries.end(),
            [](const FrameEntry& a, const FrameEntry& b) { return a.function < b.function; });
  std::string header;
  append(&header, uint8_t(1));
  append(&header, kRelativeSigned32);
  append(&header, kUnsigned32);
  append(&header, kHeaderSigned32);
  append(&header, int32_t(frames - (place + header.size())));
  append(&header, uint32_t(entries.size()));
  for (const FrameEntry& entry : entries) {
    append(&header, int32_t(entry.function - place));
    append(&header, int32_t(entry.record - place));
  }
  return header;
}

}  // namespace hotreload
