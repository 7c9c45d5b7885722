// Reads debug information: joins the sections of one name, applies their relocations, follows skeletons to .dwo files.
//
// libdw reads one .debug_info. An object that was compiled with -fdebug-types-section has one for each type, each in a
// COMDAT group, which the linker would have joined. Joining them here, and relocating them against the joined ones,
// makes an image that looks as if it was linked.
#include "debug_info.h"

#include <dwarf.h>
#include <gelf.h>
#include <unistd.h>

#include <map>

#include "bytes.h"
#include "dwarf_types.h"

namespace hotreload {

namespace {

bool starts_with(std::string_view text, std::string_view prefix) { return text.substr(0, prefix.size()) == prefix; }

/// In which registers what is does not matter here.
bool is_wanted(std::string_view name) {
  for (const char* kind : {".debug_info", ".debug_types", ".debug_abbrev", ".debug_str", ".debug_line"}) {
    if (starts_with(name, kind)) return true;
  }
  return false;
}

struct ElfEnd {
  void operator()(Elf* elf) const { elf_end(elf); }
};

struct Joined {
  std::string name;
  std::string bytes;
};

/// One pass over the file: join, relocate, write.
class Joiner {
 public:
  explicit Joiner(const std::string& path) : path_(path) {}

  /// An ELF file that holds the joined sections and nothing else; "" if there are none.
  Result<std::string> join() {
    auto bytes = read_file(path_);
    if (!bytes) return bytes.error();
    bytes_ = std::move(bytes.value());
    elf_version(EV_CURRENT);
    elf_.reset(elf_memory(bytes_.data(), bytes_.size()));
    if (!elf_ || elf_kind(elf_.get()) != ELF_K_ELF) return Error{"E_ELF", "is not an ELF file", path_};
    auto collected = collect();
    if (!collected) return collected.error();
    auto relocated = relocate();
    if (!relocated) return relocated.error();
    return joined_.empty() ? std::string() : image();
  }

 private:
  Error broken(const std::string& what) const { return {"E_ELF", what, path_}; }

  Result<Nothing> collect() {
    size_t count = 0, names = 0;
    if (elf_getshdrnum(elf_.get(), &count) != 0 || elf_getshdrstrndx(elf_.get(), &names) != 0) {
      return broken("has no section table that can be read");
    }
    places_.resize(count, {nullptr, 0});
    std::map<std::string, size_t> indexes;
    std::vector<std::pair<size_t, uint64_t>> found(count, {SIZE_MAX, 0});
    for (size_t i = 1; i < count; i++) {
      Elf_Scn* scn = elf_getscn(elf_.get(), i);
      GElf_Shdr header;
      const char* name = scn && gelf_getshdr(scn, &header) ? elf_strptr(elf_.get(), names, header.sh_name) : nullptr;
      if (!name) return broken("section " + std::to_string(i) + " has no name");
      if ((header.sh_flags & SHF_EXECINSTR) != 0) places_[i].start = code_address(uint32_t(i), 0);
      if (header.sh_type != SHT_PROGBITS || !is_wanted(name)) continue;
      if ((header.sh_flags & SHF_COMPRESSED) != 0 && elf_compress(scn, 0, 0) < 0) {
        return broken("section " + std::string(name) + " cannot be decompressed");
      }
      Elf_Data* data = elf_rawdata(scn, nullptr);
      if (!data) return broken("section " + std::string(name) + " cannot be read");
      const auto [entry, is_new] = indexes.emplace(name, joined_.size());
      if (is_new) joined_.push_back({name, {}});
      Joined& whole = joined_[entry->second];
      found[i] = {entry->second, whole.bytes.size()};
      whole.bytes.append(static_cast<const char*>(data->d_buf), data->d_buf ? data->d_size : 0);
    }
    for (size_t i = 0; i < count; i++) {
      if (found[i].first != SIZE_MAX) places_[i] = {&joined_[found[i].first].bytes, found[i].second};
    }
    return Nothing{};
  }

  Result<Nothing> relocate() {
    for (Elf_Scn* scn = nullptr; (scn = elf_nextscn(elf_.get(), scn)) != nullptr;) {
      GElf_Shdr header;
      if (!gelf_getshdr(scn, &header) || (header.sh_type != SHT_RELA && header.sh_type != SHT_REL)) continue;
      if (header.sh_info >= places_.size() || places_[header.sh_info].bytes == nullptr) continue;
      Elf_Scn* table = elf_getscn(elf_.get(), header.sh_link);
      Elf_Data* symbols = table ? elf_getdata(table, nullptr) : nullptr;
      Elf_Data* entries = elf_rawdata(scn, nullptr);
      if (!symbols || !entries) return broken("has relocations that cannot be read");
      const bool wide = gelf_getclass(elf_.get()) == ELFCLASS64;
      if (wide != (header.sh_type == SHT_RELA)) return broken("has relocations of an unknown form");
      auto done = wide ? relocate(places_[header.sh_info], *entries, *symbols)
                       : relocate_narrow(places_[header.sh_info], *entries, *symbols);
      if (!done) return done.error();
    }
    return Nothing{};
  }

  struct Place {
    std::string* bytes;  ///< of the joined section, null for one that is not wanted
    uint64_t start;      ///< in it; of code: its address
  };

  Result<Nothing> relocate(const Place& target, const Elf_Data& entries, const Elf_Data& symbols) {
    const std::string_view table(static_cast<const char*>(entries.d_buf), entries.d_size);
    const std::string_view known(static_cast<const char*>(symbols.d_buf), symbols.d_size);
    for (uint64_t at = 0; at + sizeof(Elf64_Rela) <= table.size(); at += sizeof(Elf64_Rela)) {
      Elf64_Rela entry;
      Elf64_Sym symbol;
      load(table, at, &entry);
      if (!load(known, ELF64_R_SYM(entry.r_info) * sizeof(Elf64_Sym), &symbol)) return broken("a relocation has no symbol");
      const uint64_t value = symbol.st_value + uint64_t(entry.r_addend) + start_of(symbol.st_shndx);
      const uint64_t offset = target.start + entry.r_offset;
      bool inside = true;
      switch (ELF64_R_TYPE(entry.r_info)) {
        case R_X86_64_64:
        case R_X86_64_DTPOFF64: inside = store(target.bytes, offset, value); break;
        case R_X86_64_32:
        case R_X86_64_32S:
        case R_X86_64_DTPOFF32: inside = store(target.bytes, offset, uint32_t(value)); break;
        case R_X86_64_NONE: break;
        default: return unknown(ELF64_R_TYPE(entry.r_info));
      }
      if (!inside) return broken("a relocation of the debug information lies outside its section");
    }
    return Nothing{};
  }

  /// Of 32-bit x86, where addends are at the sites.
  Result<Nothing> relocate_narrow(const Place& target, const Elf_Data& entries, const Elf_Data& symbols) {
    const std::string_view table(static_cast<const char*>(entries.d_buf), entries.d_size);
    const std::string_view known(static_cast<const char*>(symbols.d_buf), symbols.d_size);
    for (uint64_t at = 0; at + sizeof(Elf32_Rel) <= table.size(); at += sizeof(Elf32_Rel)) {
      Elf32_Rel entry;
      Elf32_Sym symbol;
      load(table, at, &entry);
      if (!load(known, ELF32_R_SYM(entry.r_info) * sizeof(Elf32_Sym), &symbol)) return broken("a relocation has no symbol");
      const uint32_t type = ELF32_R_TYPE(entry.r_info);
      if (type == R_386_NONE) continue;
      if (type != R_386_32 && type != R_386_TLS_LDO_32) return unknown(type);
      const uint64_t offset = target.start + entry.r_offset;
      uint32_t value = 0;
      const bool inside = load(*target.bytes, offset, &value);
      value += symbol.st_value + uint32_t(start_of(symbol.st_shndx));
      if (!inside || !store(target.bytes, offset, value)) {
        return broken("a relocation of the debug information lies outside its section");
      }
    }
    return Nothing{};
  }

  /// Of a section among those that it was joined with, or its address.
  uint64_t start_of(uint32_t section) const {
    return section < places_.size() ? places_[section].start : 0;
  }

  Error unknown(uint32_t type) const {
    return {"E_RELOCATION", "relocation type " + std::to_string(type) + " in debug information", path_};
  }

  std::string image() const {
    std::string names("\0.shstrtab\0", 11), contents;
    std::vector<Elf64_Shdr> headers(1, Elf64_Shdr{});
    const auto add = [&](uint64_t name, uint32_t type, const std::string& bytes) {
      Elf64_Shdr header{};
      header.sh_name = Elf64_Word(name);
      header.sh_type = type;
      header.sh_offset = sizeof(Elf64_Ehdr) + contents.size();
      header.sh_size = bytes.size();
      header.sh_addralign = 1;
      headers.push_back(header);
      contents += bytes;
    };
    for (const Joined& section : joined_) {
      add(names.size(), SHT_PROGBITS, section.bytes);
      names += section.name + '\0';
    }
    add(1, SHT_STRTAB, names);
    contents.resize((contents.size() + 7) / 8 * 8);
    Elf64_Ehdr header{};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_ident[EI_VERSION] = EV_CURRENT;
    header.e_type = ET_DYN;
    header.e_machine = EM_X86_64;
    header.e_version = EV_CURRENT;
    header.e_ehsize = sizeof header;
    header.e_shentsize = sizeof(Elf64_Shdr);
    header.e_shoff = sizeof header + contents.size();
    header.e_shnum = Elf64_Half(headers.size());
    header.e_shstrndx = Elf64_Half(headers.size() - 1);
    std::string file;
    file.reserve(header.e_shoff + headers.size() * sizeof(Elf64_Shdr));
    append(&file, header);
    file += contents;
    for (const Elf64_Shdr& section : headers) append(&file, section);
    return file;
  }

  const std::string path_;
  std::string bytes_;
  std::unique_ptr<Elf, ElfEnd> elf_;
  std::vector<Joined> joined_;
  std::vector<Place> places_;  ///< by section index
};

std::string dwo_name_of(Dwarf_Die* die) {
  const std::string name = string_of(die, DW_AT_dwo_name);
  return name.empty() ? string_of(die, DW_AT_GNU_dwo_name) : name;
}

uint64_t dwo_id_of(Dwarf_CU* unit, Dwarf_Die* die) {
  uint64_t id = 0;
  Dwarf_Half version = 0;
  uint8_t kind = 0;
  dwarf_cu_info(unit, &version, &kind, nullptr, nullptr, &id, nullptr, nullptr);
  if (version < 5) unsigned_of(die, DW_AT_GNU_dwo_id, &id);
  return id;
}

/// The .dwo file of an object: beside a version that was set aside, or where the compiler put it.
std::string dwo_path(const std::string& object, Dwarf_Die* skeleton) {
  const size_t dot = object.rfind('.');
  const std::string beside = object.substr(0, dot) + ".dwo";
  if (access(beside.c_str(), F_OK) == 0) return beside;
  const std::string name = dwo_name_of(skeleton);
  return name[0] == '/' ? name : string_of(skeleton, DW_AT_comp_dir) + "/" + name;
}

/// Why the types of a unit that has code or variables cannot be seen; "" if they can.
std::string blindness_of(Dwarf_Die* unit) {
  uint64_t language = 0;
  unsigned_of(unit, DW_AT_language, &language);
  if (language == DW_LANG_Mips_Assembler) return "";
  // gcc records its options; its -g1 describes functions and no types.
  const std::string producer = string_of(unit, DW_AT_producer) + " ";
  if (producer.find(" -g1 ") != std::string::npos) return "is compiled with -g1";
  // clang does not; what its -g1 describes has no place where it was declared.
  bool declares = false, any = false;
  for_each_child(unit, [&](Dwarf_Die* child) {
    any = true;
    Dwarf_Attribute found;
    declares = declares || dwarf_attr_integrate(child, DW_AT_decl_line, &found) != nullptr ||
               dwarf_tag(child) == DW_TAG_namespace || dwarf_tag(child) == DW_TAG_base_type;
  });
  const bool has_code = dwarf_hasattr(unit, DW_AT_ranges) || dwarf_hasattr(unit, DW_AT_high_pc);
  return !declares && (any || has_code) ? "is compiled with -g1 or -gline-tables-only" : "";
}

class UnitReader {
 public:
  explicit UnitReader(const std::string& object) : object_(object) {}

  Result<DebugInfo> read() {
    auto sections = DebugSections::read(object_);
    if (!sections) return sections.error();
    auto done = read_units(sections.value()->dwarf(), nullptr, 0);
    info_.sections.push_back(std::move(sections.value()));
    if (!done) return done.error();
    for (DebugUnit& unit : info_.units) unit.directory = directory_;
    if (info_.units.empty() && info_.blind.empty()) info_.blind = "has no debug information (-g)";
    return std::move(info_);
  }

 private:
  /// @param skeleton of a .dwo file: the unit that refers to it, by the number `id`
  Result<Nothing> read_units(Dwarf* dwarf, Dwarf_Die* skeleton, uint64_t id) {
    Dwarf_CU* unit = nullptr;
    Dwarf_Die die;
    uint8_t kind = 0;
    int more = 0;
    bool found = skeleton == nullptr;
    while (dwarf && (more = dwarf_get_units(dwarf, unit, &unit, nullptr, &kind, &die, nullptr)) == 0) {
      const bool type = kind == DW_UT_type || kind == DW_UT_split_type;
      if (!skeleton && !dwo_name_of(&die).empty()) {
        auto done = read_split(unit, &die);
        if (!done) return done.error();
        continue;
      }
      if (skeleton && !type) {
        if (dwo_id_of(unit, &die) != id) continue;
        found = true;
      }
      if (!type) directory_ = string_of(skeleton ? skeleton : &die, DW_AT_comp_dir);
      info_.units.push_back({die, skeleton && !type ? *skeleton : die, "", type});
      if (!type && info_.blind.empty()) info_.blind = blindness_of(&die);
    }
    if (dwarf && more < 0) return Error{"E_ELF", std::string("has debug information that cannot be read: ") + dwarf_errmsg(-1), object_};
    if (!found) info_.blind = "is compiled with -gsplit-dwarf, and its .dwo file is another one";
    return Nothing{};
  }

  Result<Nothing> read_split(Dwarf_CU* unit, Dwarf_Die* die) {
    Dwarf_Die skeleton = *die;
    const std::string path = dwo_path(object_, die);
    if (access(path.c_str(), R_OK) != 0) {
      info_.blind = "is compiled with -gsplit-dwarf, and " + path + " is not there";
      return Nothing{};
    }
    auto sections = DebugSections::read(path);
    if (!sections) return sections.error();
    auto done = read_units(sections.value()->dwarf(), &skeleton, dwo_id_of(unit, die));
    info_.sections.push_back(std::move(sections.value()));
    return done;
  }

  const std::string object_;
  std::string directory_;  ///< of the compilation; type units do not say it
  DebugInfo info_;
};

bool has_section(Elf* elf, std::string_view wanted) {
  size_t names = 0;
  if (elf_getshdrstrndx(elf, &names) != 0) return false;
  for (Elf_Scn* scn = nullptr; (scn = elf_nextscn(elf, scn)) != nullptr;) {
    GElf_Shdr header;
    const char* name = gelf_getshdr(scn, &header) ? elf_strptr(elf, names, header.sh_name) : nullptr;
    if (name && name == wanted) return true;
  }
  return false;
}

}  // namespace

Result<std::unique_ptr<DebugSections>> DebugSections::read(const std::string& path) {
  auto image = Joiner(path).join();
  if (!image) return image.error();
  std::unique_ptr<DebugSections> sections(new DebugSections());
  sections->image_ = std::move(image.value());
  if (sections->image_.empty()) return sections;
  sections->elf_ = elf_memory(sections->image_.data(), sections->image_.size());
  sections->dwarf_ = sections->elf_ ? dwarf_begin_elf(sections->elf_, DWARF_C_READ, nullptr) : nullptr;
  // gcc writes line tables alone for a file that declares nothing.
  if (!sections->dwarf_ && sections->elf_ && !has_section(sections->elf_, ".debug_info")) return sections;
  if (!sections->dwarf_) {
    return Error{"E_ELF", std::string("has debug information that cannot be read: ") + dwarf_errmsg(-1), path};
  }
  return sections;
}

DebugSections::~DebugSections() {
  if (dwarf_) dwarf_end(dwarf_);
  if (elf_) elf_end(elf_);
}

Result<DebugInfo> read_debug_info(const std::string& object) { return UnitReader(object).read(); }

}  // namespace hotreload
