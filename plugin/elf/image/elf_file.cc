// Writes ELF headers of both classes.
#include "elf_file.h"

#include <elf.h>

#include <algorithm>
#include <cstddef>

#include "../core/bytes.h"

namespace hotreload {

namespace {

constexpr uint64_t kDynamicSymbols = 0x300;  ///< the empty dynamic symbol table, its hash table and strings
constexpr uint64_t kHash = 0x320;
constexpr uint64_t kStrings = 0x340;
constexpr char kName[] = "\0hotreload-patch";

}  // namespace

template <typename Ehdr, typename Phdr, typename Dyn>
void ElfFile::write_segments(const ImageSegments& places) {
  const bool wide = bits_ == 64;
  Ehdr header{};
  std::copy(ELFMAG, ELFMAG + SELFMAG, header.e_ident);
  header.e_ident[EI_CLASS] = wide ? ELFCLASS64 : ELFCLASS32;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  header.e_type = ET_DYN;
  header.e_machine = wide ? EM_X86_64 : EM_386;
  header.e_version = EV_CURRENT;
  header.e_phoff = sizeof header;
  header.e_ehsize = sizeof header;
  header.e_phentsize = sizeof(Phdr);

  uint64_t at = sizeof header;
  const auto segment = [&](uint32_t type, uint32_t flags, uint64_t place, uint64_t file, uint64_t memory, uint64_t align) {
    Phdr program{};
    program.p_type = type;
    program.p_flags = flags;
    program.p_offset = place;
    program.p_vaddr = place;
    program.p_paddr = place;
    program.p_filesz = file;
    program.p_memsz = memory;
    program.p_align = align;
    store(bytes_, at, program);
    if (type != PT_GNU_STACK) {
      address(at + offsetof(Phdr, p_vaddr), place);
      address(at + offsetof(Phdr, p_paddr), place);
    }
    at += sizeof program;
    header.e_phnum++;
  };
  segment(PT_LOAD, PF_R | PF_X, 0, places.read_only_end, places.read_only_end, kPage);
  segment(PT_LOAD, PF_R | PF_W, places.data, places.data_end - places.data, places.memory - places.data, kPage);
  segment(PT_DYNAMIC, PF_R | PF_W, places.dynamic, kDynamicSize, kDynamicSize, 8);
  segment(PT_GNU_EH_FRAME, PF_R, places.frame_header, places.frame_header_size, places.frame_header_size, 4);
  segment(PT_GNU_STACK, PF_R | PF_W, 0, 0, 0, 16);
  store(bytes_, 0, header);

  const uint32_t hash[] = {1, 1, 0, 0};  // one bucket, one chain, both empty
  store(bytes_, kHash, hash);
  bytes_->replace(kStrings, sizeof kName, kName, sizeof kName);
  at = places.dynamic;
  const auto entry = [&](uint64_t tag, uint64_t value, bool is_address) {
    Dyn dynamic{};
    dynamic.d_tag = decltype(dynamic.d_tag)(tag);
    dynamic.d_un.d_val = decltype(dynamic.d_un.d_val)(value);
    store(bytes_, at, dynamic);
    if (is_address) address(at + offsetof(Dyn, d_un), value);
    at += sizeof dynamic;
  };
  entry(DT_SONAME, 1, false);
  entry(DT_HASH, kHash, true);
  entry(DT_STRTAB, kStrings, true);
  entry(DT_SYMTAB, kDynamicSymbols, true);
  entry(DT_STRSZ, sizeof kName, false);
  entry(DT_SYMENT, wide ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym), false);
  entry(DT_NULL, 0, false);
}

template <typename Ehdr, typename Shdr, typename Sym>
void ElfFile::write_sections(Span code) {
  enum : uint32_t { kCode = 1, kData, kSymbols, kSymbolStrings, kSectionStrings, kCount };
  std::string strings(1, '\0'), table(sizeof(Sym), '\0'), names(1, '\0');
  const uint64_t symbols_at = (bytes_->size() + 15) / 16 * 16;
  for (const Named& named : symbols_) {
    Sym symbol{};
    symbol.st_name = uint32_t(strings.size());
    symbol.st_value = decltype(symbol.st_value)(named.place);
    symbol.st_size = decltype(symbol.st_size)(named.size);
    symbol.st_info = ELF64_ST_INFO(STB_LOCAL, named.is_function ? STT_FUNC : STT_OBJECT);
    symbol.st_shndx = named.is_function ? kCode : kData;
    address(symbols_at + table.size() + offsetof(Sym, st_value), named.place);
    append(&table, symbol);
    strings += named.name + '\0';
  }
  bytes_->resize(symbols_at, '\0');
  *bytes_ += table;
  const uint64_t strings_at = bytes_->size();
  *bytes_ += strings;

  std::string headers(sizeof(Shdr), '\0');
  std::vector<std::pair<uint64_t, uint64_t>> section_addresses;
  const auto section = [&](const char* name, uint32_t type, uint64_t flags, uint64_t at, uint64_t size, uint32_t link,
                           uint32_t info, uint64_t entry) {
    Shdr header{};
    header.sh_name = uint32_t(names.size());
    names += std::string(name) + '\0';
    header.sh_type = type;
    header.sh_flags = decltype(header.sh_flags)(flags);
    header.sh_addr = decltype(header.sh_addr)(flags != 0 ? at : 0);
    header.sh_offset = decltype(header.sh_offset)(at);
    header.sh_size = decltype(header.sh_size)(size);
    header.sh_link = link;
    header.sh_info = info;
    header.sh_addralign = 1;
    header.sh_entsize = decltype(header.sh_entsize)(entry);
    if (flags != 0) section_addresses.emplace_back(headers.size() + offsetof(Shdr, sh_addr), at);
    append(&headers, header);
  };
  section(".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, code.offset, code.size, 0, 0, 0);
  section(".data", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, segments_.data, segments_.data_end - segments_.data, 0, 0, 0);
  section(".symtab", SHT_SYMTAB, 0, symbols_at, table.size(), kSymbolStrings,
          uint32_t(table.size() / sizeof(Sym)), sizeof(Sym));
  section(".strtab", SHT_STRTAB, 0, strings_at, strings.size(), 0, 0, 0);
  names += std::string(".shstrtab") + '\0';
  const std::string own_name = names;
  section("", SHT_STRTAB, 0, bytes_->size(), own_name.size(), 0, 0, 0);
  *bytes_ += own_name;
  bytes_->resize((bytes_->size() + 15) / 16 * 16, '\0');
  const uint64_t headers_at = bytes_->size();
  for (const auto& [place, value] : section_addresses) address(headers_at + place, value);
  *bytes_ += headers;

  Ehdr header;
  load(*bytes_, 0, &header);
  header.e_shoff = decltype(header.e_shoff)(headers_at);
  header.e_shentsize = sizeof(Shdr);
  header.e_shnum = kCount;
  header.e_shstrndx = kSectionStrings;
  store(bytes_, 0, header);
}

void ElfFile::segments(const ImageSegments& segments) {
  segments_ = segments;
  if (bits_ == 64) write_segments<Elf64_Ehdr, Elf64_Phdr, Elf64_Dyn>(segments);
  else write_segments<Elf32_Ehdr, Elf32_Phdr, Elf32_Dyn>(segments);
}

void ElfFile::symbol(const std::string& name, uint64_t place, uint64_t size, bool is_function) {
  symbols_.push_back({name, place, size, is_function});
}

void ElfFile::finish(Span code) {
  if (bits_ == 64) write_sections<Elf64_Ehdr, Elf64_Shdr, Elf64_Sym>(code);
  else write_sections<Elf32_Ehdr, Elf32_Shdr, Elf32_Sym>(code);
}

}  // namespace hotreload
