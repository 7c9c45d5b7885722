// Writes relocatable objects (ELF gABI 4.1): edits are made in place, what grows moves to the end of the file.
#include "object_writer.h"

#include <elf.h>

#include "bytes.h"

namespace hotreload {

namespace {

void align(std::string* bytes, uint64_t alignment) {
  while (bytes->size() % alignment != 0) bytes->push_back('\0');
}

uint8_t info(uint8_t binding, uint8_t type) { return uint8_t(ELF64_ST_INFO(binding, type)); }

Elf64_Ehdr header_of(const std::string& bytes) {
  Elf64_Ehdr header{};
  load(bytes, 0, &header);
  return header;
}

}  // namespace

ObjectCopy::ObjectCopy(const Object& object) : object_(object), bytes_(object.bytes) {
  Elf64_Shdr table{};
  load(bytes_, header_of(bytes_).e_shoff + object.symbol_table * sizeof table, &table);
  symbols_ = object.sections[object.symbol_table].bytes;
  names_ = object.sections[table.sh_link].bytes;
  symbol_count_ = uint32_t(object.symbols.size());
}

uint32_t ObjectCopy::add_symbol(const AddedSymbol& symbol) {
  if (symbol.section >= SHN_LORESERVE) too_many_sections_ = true;
  Elf64_Sym entry{};
  entry.st_name = uint32_t(names_.size());
  entry.st_info = info(STB_GLOBAL, symbol.type);
  entry.st_other = STV_HIDDEN;
  entry.st_shndx = uint16_t(symbol.section);
  entry.st_value = symbol.value;
  append(&symbols_, entry);
  names_ += symbol.name;
  names_.push_back('\0');
  return symbol_count_++;
}

void ObjectCopy::redirect(const Relocation& relocation, uint32_t type, uint32_t symbol, int64_t addend) {
  Elf64_Rela entry{};
  load(bytes_, relocation.place, &entry);
  entry.r_info = ELF64_R_INFO(uint64_t(symbol), type);
  entry.r_addend = addend;
  store(&bytes_, relocation.place, entry);
}

void ObjectCopy::exclude(uint32_t section) {
  const uint64_t at = header_of(bytes_).e_shoff + section * sizeof(Elf64_Shdr);
  Elf64_Shdr header{};
  load(bytes_, at, &header);
  header.sh_flags = (header.sh_flags & ~uint64_t(SHF_ALLOC)) | SHF_EXCLUDE;
  header.sh_type = SHT_PROGBITS;
  store(&bytes_, at, header);
}

Result<std::string> ObjectCopy::finish() {
  if (too_many_sections_) {
    return Error{"E_ELF", "has more than 65,279 sections, which cannot be patched yet", object_.path};
  }
  const uint64_t headers = header_of(bytes_).e_shoff;
  const uint64_t symbol_table = headers + object_.symbol_table * sizeof(Elf64_Shdr);
  Elf64_Shdr table{}, names{};
  load(bytes_, symbol_table, &table);
  const uint64_t name_table = headers + table.sh_link * sizeof(Elf64_Shdr);
  load(bytes_, name_table, &names);

  align(&bytes_, 8);
  table.sh_offset = bytes_.size();
  table.sh_size = symbols_.size();
  bytes_ += symbols_;
  names.sh_offset = bytes_.size();
  names.sh_size = names_.size();
  bytes_ += names_;
  store(&bytes_, symbol_table, table);
  store(&bytes_, name_table, names);
  for (uint32_t i = 0; i < object_.sections.size(); i++) {
    // Extended section indexes stand beside the symbols, one each.
    if (object_.sections[i].type != SHT_SYMTAB_SHNDX) continue;
    Elf64_Shdr indexes{};
    load(bytes_, headers + i * sizeof indexes, &indexes);
    align(&bytes_, 8);
    indexes.sh_offset = bytes_.size();
    bytes_ += object_.sections[i].bytes;
    bytes_.append((symbol_count_ - object_.symbols.size()) * sizeof(Elf32_Word), '\0');
    indexes.sh_size = bytes_.size() - indexes.sh_offset;
    store(&bytes_, headers + i * sizeof indexes, indexes);
  }
  return std::move(bytes_);
}

std::string write_object(const std::vector<NewSection>& sections, const std::vector<NewSymbol>& symbols,
                         const std::vector<NewRelocation>& relocations) {
  std::string bytes(sizeof(Elf64_Ehdr), '\0'), names(1, '\0'), symbol_names(1, '\0'), table, relas;
  std::vector<Elf64_Shdr> headers(1);
  const auto add_section = [&](const std::string& name, uint32_t type, uint64_t flags, uint64_t alignment,
                               const std::string& contents, uint64_t size) {
    align(&bytes, 16);
    Elf64_Shdr header{};
    header.sh_name = uint32_t(names.size());
    header.sh_type = type;
    header.sh_flags = flags;
    header.sh_offset = bytes.size();
    header.sh_size = type == SHT_NOBITS ? size : contents.size();
    header.sh_addralign = alignment;
    names += name;
    names.push_back('\0');
    if (type != SHT_NOBITS) bytes += contents;
    headers.push_back(header);
    return uint32_t(headers.size() - 1);
  };

  append(&table, Elf64_Sym{});
  for (const NewSymbol& symbol : symbols) {
    Elf64_Sym entry{};
    entry.st_name = uint32_t(symbol_names.size());
    entry.st_info = info(STB_GLOBAL, symbol.type);
    entry.st_other = symbol.visibility;
    entry.st_shndx = uint16_t(symbol.section);
    entry.st_value = symbol.value;
    entry.st_size = symbol.size;
    append(&table, entry);
    symbol_names += symbol.name;
    symbol_names.push_back('\0');
  }
  for (const NewRelocation& relocation : relocations) {
    append(&relas, Elf64_Rela{relocation.offset, ELF64_R_INFO(uint64_t(relocation.symbol) + 1, R_X86_64_64),
                              relocation.addend});
  }
  for (const NewSection& section : sections) {
    add_section(section.name, section.type, section.flags, section.alignment, section.bytes, section.size);
  }
  add_section(".note.GNU-stack", SHT_PROGBITS, 0, 1, "", 0);
  const uint32_t symbol_table = add_section(".symtab", SHT_SYMTAB, 0, 8, table, 0);
  const uint32_t string_table = add_section(".strtab", SHT_STRTAB, 0, 1, symbol_names, 0);
  headers[symbol_table].sh_link = string_table;
  headers[symbol_table].sh_info = 1;
  headers[symbol_table].sh_entsize = sizeof(Elf64_Sym);
  const uint32_t rela = add_section(".rela" + sections[0].name, SHT_RELA, SHF_INFO_LINK, 8, relas, 0);
  headers[rela].sh_link = symbol_table;
  headers[rela].sh_info = 1;
  headers[rela].sh_entsize = sizeof(Elf64_Rela);
  const uint32_t own_name = uint32_t(names.size());
  names += ".shstrtab";
  names.push_back('\0');
  const uint32_t name_table = add_section("", SHT_STRTAB, 0, 1, std::string(names), 0);
  headers[name_table].sh_name = own_name;

  align(&bytes, 8);
  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  header.e_type = ET_REL;
  header.e_machine = EM_X86_64;
  header.e_version = EV_CURRENT;
  header.e_shoff = bytes.size();
  header.e_ehsize = sizeof header;
  header.e_shentsize = sizeof(Elf64_Shdr);
  header.e_shnum = uint16_t(headers.size());
  header.e_shstrndx = uint16_t(name_table);
  for (const Elf64_Shdr& section : headers) append(&bytes, section);
  store(&bytes, 0, header);
  return bytes;
}

}  // namespace hotreload
