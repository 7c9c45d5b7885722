// The ranges of functions that --gc-sections left out stay in .debug_aranges, and begin at address 0.
//
// lldb 14 sorts all ranges and joins those of one unit that follow each other, so that a dead one and a live one become
// a range of which it keeps 32 bits of the size: no address in the patch has a unit any more. A set is a header, then
// pairs of address and length, aligned to the size of a pair, then a pair of zeros (DWARF 4, 6.1.2; the same in DWARF 5).
#include "debug_aranges.h"

#include <elf.h>

#include "bytes.h"

namespace hotreload {

namespace {

constexpr uint32_t kLongForm = 0xffffffff;  // the length follows in 64 bits (7.4)
constexpr uint16_t kVersion = 2;

struct Range {
  uint64_t address, length;
};

struct Set {
  uint64_t ranges;  ///< offset of the first one in the section
  uint64_t end;     ///< of the set
  bool readable;    ///< its ranges have the form of a Range
};

/// False if no set begins here, or it does not lie inside.
bool read_set(std::string_view section, uint64_t at, Set* set) {
  uint32_t short_length = 0;
  uint64_t length = 0, offset_size = 4, position = at + 4;
  if (!load(section, at, &short_length)) return false;
  length = short_length;
  if (short_length == kLongForm) {
    if (!load(section, position, &length)) return false;
    offset_size = 8;
    position += 8;
  }
  if (!slice(section, position, length).ok) return false;
  set->end = position + length;
  uint16_t version = 0;
  uint8_t address_size = 0, segment_size = 0;
  const uint64_t sizes = position + sizeof version + offset_size;
  set->readable = load(section, position, &version) && version == kVersion && load(section, sizes, &address_size) &&
                  load(section, sizes + 1, &segment_size) && address_size == sizeof(uint64_t) && segment_size == 0;
  const uint64_t header = sizes + 2 - at;
  set->ranges = at + (header + sizeof(Range) - 1) / sizeof(Range) * sizeof(Range);
  return true;
}

/// Live ranges move up, zeros follow: the first pair of them ends the set.
std::string live_ranges(std::string_view ranges, uint64_t start, uint64_t size) {
  std::string live;
  Range range;
  for (uint64_t at = 0; load(ranges, at, &range); at += sizeof range) {
    if (range.address >= start && range.address - start < size) append(&live, range);
  }
  live.resize(ranges.size(), '\0');
  return live;
}

/// The contents of the section that the debuggers read; ok is false if there is none, or it is compressed.
Slice find_section(const std::string& library, uint64_t* offset) {
  Elf64_Ehdr header;
  Elf64_Shdr names;
  const Slice none{false, {}};
  if (!load(library, 0, &header)) return none;
  if (!load(library, header.e_shoff + header.e_shstrndx * sizeof names, &names)) return none;
  const Slice text = slice(library, names.sh_offset, names.sh_size);
  for (uint32_t i = 0; text.ok && i < header.e_shnum; i++) {
    Elf64_Shdr section;
    if (!load(library, header.e_shoff + i * sizeof section, &section)) return none;
    if (section.sh_type != SHT_PROGBITS || (section.sh_flags & SHF_COMPRESSED) != 0) continue;
    if (section.sh_name >= text.bytes.size()) continue;
    const std::string_view rest = text.bytes.substr(section.sh_name);
    if (rest.substr(0, rest.find('\0')) != ".debug_aranges") continue;
    *offset = section.sh_offset;
    return slice(library, section.sh_offset, section.sh_size);
  }
  return none;
}

}  // namespace

void drop_dead_ranges(std::string* library, uint64_t start, uint64_t size) {
  uint64_t offset = 0;
  const Slice section = find_section(*library, &offset);
  Set set;
  for (uint64_t at = 0; section.ok && read_set(section.bytes, at, &set); at = set.end) {
    if (!set.readable || set.ranges > set.end) continue;
    const std::string live = live_ranges(section.bytes.substr(set.ranges, set.end - set.ranges), start, size);
    live.copy(&(*library)[offset + set.ranges], live.size());
  }
}

}  // namespace hotreload
