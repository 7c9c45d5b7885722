// Reads a relocatable object with libelf and checks every index and offset once, so that nobody later has to.
//
// 32-bit x86 keeps the addends of relocations at their sites. They are taken from there, so that code looks the same
// wherever what it refers to lies in its section, as that of x86-64 does.
#include "object.h"

#include <gelf.h>
#include <libelf.h>

#include <algorithm>

#include "bytes.h"
#include "relocation.h"

namespace hotreload {

namespace {

bool starts_with(std::string_view text, std::string_view prefix) { return text.substr(0, prefix.size()) == prefix; }

std::string hexadecimal(uint64_t value) {
  char text[32];
  snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(value));
  return text;
}

struct ElfEnd {
  void operator()(Elf* elf) const { elf_end(elf); }
};

class Reader {
 public:
  Reader(std::string path, Machines machines) : object_(std::make_shared<Object>()), machines_(machines) {
    object_->path = std::move(path);
  }

  Result<std::shared_ptr<const Object>> read() {
    auto bytes = read_file(object_->path);
    if (!bytes) return bytes.error();
    object_->bytes = std::move(bytes.value());
    elf_version(EV_CURRENT);
    elf_.reset(elf_memory(object_->bytes.data(), object_->bytes.size()));
    for (auto pass : {&Reader::read_header, &Reader::read_sections, &Reader::read_symbols, &Reader::read_relocations,
                      &Reader::read_groups}) {
      auto done = (this->*pass)();
      if (!done) return done.error();
    }
    return std::shared_ptr<const Object>(object_);
  }

 private:
  Error broken(const std::string& what) const { return {"E_ELF", what, object_->path}; }

  Result<Nothing> read_header() {
    GElf_Ehdr header;
    if (!elf_ || elf_kind(elf_.get()) != ELF_K_ELF || !gelf_getehdr(elf_.get(), &header)) {
      return broken("is not an ELF file");
    }
    const auto machine = machine_of(header.e_ident[EI_CLASS], header.e_machine);
    if (machines_ == Machines::kX86_64 && machine != Machine::kX86_64) return broken("is not for x86-64");
    if (!machine) return broken("is neither for x86-64 nor for 32-bit x86 (ELF machine " + std::to_string(header.e_machine) + ")");
    if (header.e_type != ET_REL) return broken("is not a relocatable object");
    object_->machine = *machine;
    return Nothing{};
  }

  Result<Nothing> read_sections() {
    size_t count = 0, names = 0;
    if (elf_getshdrnum(elf_.get(), &count) != 0 || elf_getshdrstrndx(elf_.get(), &names) != 0 || count == 0) {
      return broken(std::string("has no section table that can be read: ") + elf_errmsg(-1));
    }
    object_->sections.resize(count);
    headers_.resize(count);
    for (size_t i = 0; i < count; i++) {
      GElf_Shdr& header = headers_[i];
      Elf_Scn* scn = elf_getscn(elf_.get(), i);
      if (!scn || !gelf_getshdr(scn, &header)) return broken("section " + std::to_string(i) + " cannot be read");
      Section& section = object_->sections[i];
      const char* name = i == 0 ? "" : elf_strptr(elf_.get(), names, header.sh_name);
      if (!name) return broken("section " + std::to_string(i) + " has no name");
      section.name = name;
      section.type = header.sh_type;
      section.flags = header.sh_flags;
      section.size = header.sh_size;
      section.alignment = header.sh_addralign;
      section.entry_size = header.sh_entsize;
      if (header.sh_type == SHT_NOBITS || header.sh_type == SHT_NULL) continue;
      const Slice part = slice(object_->bytes, header.sh_offset, header.sh_size);
      if (!part.ok) return broken("section " + std::string(section.name) + " reaches beyond the end of the file");
      section.bytes = part.bytes;
      if (header.sh_type == SHT_SYMTAB) object_->symbol_table = i;
    }
    if (object_->symbol_table == 0) return broken("has no symbol table");
    return Nothing{};
  }

  Result<Nothing> read_symbols() {
    const uint32_t table = object_->symbol_table;
    const GElf_Shdr& header = headers_[table];
    const uint64_t entry = wide() ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym);
    if (header.sh_entsize != entry) return broken("has symbols of an unknown size");
    Elf_Data* data = elf_getdata(elf_getscn(elf_.get(), table), nullptr);
    Elf_Data* indexes = nullptr;
    for (size_t i = 0; i < headers_.size(); i++) {
      if (headers_[i].sh_type == SHT_SYMTAB_SHNDX && headers_[i].sh_link == table) {
        indexes = elf_getdata(elf_getscn(elf_.get(), i), nullptr);
      }
    }
    const size_t count = header.sh_size / entry;
    object_->symbols.reserve(count);
    for (size_t i = 0; i < count; i++) {
      GElf_Sym symbol;
      Elf32_Word extended = 0;
      if (!gelf_getsymshndx(data, indexes, static_cast<int>(i), &symbol, &extended)) {
        return broken("symbol " + std::to_string(i) + " cannot be read");
      }
      const char* name = elf_strptr(elf_.get(), header.sh_link, symbol.st_name);
      if (!name) return broken("symbol " + std::to_string(i) + " has no name");
      uint32_t section = symbol.st_shndx == SHN_XINDEX ? extended : symbol.st_shndx;
      const bool reserved = symbol.st_shndx == SHN_ABS || symbol.st_shndx == SHN_COMMON;
      if (!reserved && section >= object_->sections.size()) {
        return broken("symbol " + std::string(name) + " is in a section that does not exist");
      }
      object_->symbols.push_back({name, symbol.st_value, symbol.st_size, uint8_t(GELF_ST_TYPE(symbol.st_info)),
                                  uint8_t(GELF_ST_BIND(symbol.st_info)), uint8_t(GELF_ST_VISIBILITY(symbol.st_other)),
                                  section});
      const Symbol& added = object_->symbols.back();
      if (added.type == STT_FILE && object_->source_name.empty()) object_->source_name = added.name;
      if (added.defined() && added.type != STT_FILE && added.value > object_->sections[section].size) {
        return broken("symbol " + std::string(name) + " lies outside its section");
      }
    }
    return Nothing{};
  }

  Result<Nothing> read_relocations() {
    for (size_t i = 0; i < headers_.size(); i++) {
      const GElf_Shdr& header = headers_[i];
      if (header.sh_type != SHT_RELA && header.sh_type != SHT_REL) continue;
      if (header.sh_info >= object_->sections.size()) return broken("a relocation section applies to no section");
      Section& target = object_->sections[header.sh_info];
      if (!target.loaded()) continue;
      const bool known = wide() ? header.sh_type == SHT_RELA && header.sh_entsize == sizeof(Elf64_Rela)
                                : header.sh_type == SHT_REL && header.sh_entsize == sizeof(Elf32_Rel);
      if (!known) return broken("section " + std::string(object_->sections[i].name) + " has relocations of an unknown form");
      auto done = read_relocations_of(header, &target);
      if (!done) return done.error();
    }
    return Nothing{};
  }

  Result<Nothing> read_relocations_of(const GElf_Shdr& header, Section* target) {
    for (uint64_t place = header.sh_offset; place < header.sh_offset + header.sh_size; place += header.sh_entsize) {
      Relocation relocation{};
      if (!read_relocation(place, &relocation)) return broken("a relocation reaches beyond the end of the file");
      const std::string where = std::string(target->name) + "+" + hexadecimal(relocation.offset);
      if (reference_of(relocation.type) == Reference::kUnknown) {
        return Error{"E_RELOCATION", "unknown relocation type " + std::to_string(elf_type(relocation.type)) + " at " + where,
                     object_->path};
      }
      if (relocation.symbol >= object_->symbols.size()) return broken("the relocation at " + where + " has no symbol");
      const uint32_t size = site_size(relocation.type);
      if (relocation.offset > target->size || size > target->size - relocation.offset) {
        return broken("the relocation at " + where + " lies outside its section");
      }
      if (!wide() && size > 0 && !take_addend(*target, &relocation)) return broken("the relocation at " + where + " has no addend");
      target->relocations.push_back(relocation);
    }
    std::stable_sort(target->relocations.begin(), target->relocations.end(),
                     [](const Relocation& a, const Relocation& b) { return a.offset < b.offset; });
    return Nothing{};
  }

  bool read_relocation(uint64_t place, Relocation* relocation) const {
    relocation->place = place;
    if (wide()) {
      Elf64_Rela entry;
      if (!load(object_->bytes, place, &entry)) return false;
      relocation->offset = entry.r_offset;
      // What is no type of x86-64 must not look like one of the other machine.
      const uint32_t type = ELF64_R_TYPE(entry.r_info);
      relocation->type = (type & kTypeOfX86) == 0 ? type : ~uint32_t(0);
      relocation->symbol = uint32_t(ELF64_R_SYM(entry.r_info));
      relocation->addend = entry.r_addend;
      return true;
    }
    Elf32_Rel entry;
    if (!load(object_->bytes, place, &entry)) return false;
    relocation->offset = entry.r_offset;
    relocation->type = x86_type(ELF32_R_TYPE(entry.r_info));
    relocation->symbol = ELF32_R_SYM(entry.r_info);
    return true;
  }

  /// From the site, where zero stays.
  bool take_addend(const Section& target, Relocation* relocation) {
    int32_t addend = 0;
    if (!load(target.bytes, relocation->offset, &addend)) return false;
    relocation->addend = addend;
    const uint64_t start = uint64_t(target.bytes.data() - object_->bytes.data());
    return store(&object_->bytes, start + relocation->offset, int32_t(0));
  }

  bool wide() const { return object_->machine == Machine::kX86_64; }

  Result<Nothing> read_groups() {
    for (size_t i = 0; i < headers_.size(); i++) {
      if (headers_[i].sh_type != SHT_GROUP) continue;
      const std::string_view members = object_->sections[i].bytes;
      if (headers_[i].sh_info >= object_->symbols.size()) return broken("a section group has no signature");
      for (uint64_t at = sizeof(Elf32_Word); at + sizeof(Elf32_Word) <= members.size(); at += sizeof(Elf32_Word)) {
        Elf32_Word member = 0;
        load(members, at, &member);
        if (member >= object_->sections.size()) return broken("a section group has a member that does not exist");
        object_->sections[member].group = i;
      }
      object_->sections[i].signature = headers_[i].sh_info;
    }
    return Nothing{};
  }

  std::shared_ptr<Object> object_;
  const Machines machines_;
  std::unique_ptr<Elf, ElfEnd> elf_;
  std::vector<GElf_Shdr> headers_;
};

}  // namespace

bool Section::writable() const { return (flags & SHF_WRITE) != 0 && !starts_with(name, ".data.rel.ro"); }

std::string_view Object::group_signature(uint32_t section) const {
  const uint32_t group = sections[section].group;
  if (group == 0) return {};
  const Symbol& signature = symbols[sections[group].signature];
  return signature.type == STT_SECTION ? sections[signature.section].name : signature.name;
}

Result<std::shared_ptr<const Object>> read_object(const std::string& path, Machines machines) {
  return Reader(path, machines).read();
}

}  // namespace hotreload
