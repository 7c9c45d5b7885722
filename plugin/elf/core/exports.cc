// Reads dynamic symbol tables with their versions (LSB 5.0, 10.7) and writes shared objects that have nothing else.
#include "exports.h"

#include <elf.h>
#include <gelf.h>
#include <libelf.h>

#include <map>
#include <set>

#include "bytes.h"

namespace hotreload {

namespace {

constexpr uint16_t kHidden = 0x8000;
constexpr uint16_t kGlobal = 1;  ///< version index of symbols without a version

struct ElfEnd {
  void operator()(Elf* elf) const { elf_end(elf); }
};

class LibraryReader {
 public:
  LibraryReader(Elf* elf, std::string path) : elf_(elf), name_(std::move(path)) {}

  void read(Exports* exports) {
    for (Elf_Scn* scn = nullptr; (scn = elf_nextscn(elf_, scn)) != nullptr;) {
      GElf_Shdr header;
      if (!gelf_getshdr(scn, &header)) return;
      if (header.sh_type == SHT_DYNSYM) symbols_ = scn;
      if (header.sh_type == SHT_GNU_versym) versions_ = elf_getdata(scn, nullptr);
      if (header.sh_type == SHT_GNU_verdef) read_definitions(scn, header);
      if (header.sh_type == SHT_DYNAMIC) read_name(scn, header);
    }
    exports->names.push_back(name_);
    if (symbols_) read_symbols(exports);
  }

 private:
  void read_name(Elf_Scn* scn, const GElf_Shdr& header) {
    Elf_Data* data = elf_getdata(scn, nullptr);
    GElf_Dyn entry;
    for (int i = 0; data && gelf_getdyn(data, i, &entry) && entry.d_tag != DT_NULL; i++) {
      const char* text = entry.d_tag == DT_SONAME ? elf_strptr(elf_, header.sh_link, entry.d_un.d_val) : nullptr;
      if (text) name_ = text;
    }
  }

  void read_definitions(Elf_Scn* scn, const GElf_Shdr& header) {
    Elf_Data* data = elf_getdata(scn, nullptr);
    GElf_Verdef definition;
    GElf_Verdaux name;
    for (int at = 0; data && gelf_getverdef(data, at, &definition); at += int(definition.vd_next)) {
      const bool named = gelf_getverdaux(data, at + int(definition.vd_aux), &name) != nullptr;
      const char* text = named ? elf_strptr(elf_, header.sh_link, name.vda_name) : nullptr;
      if (text) version_names_[definition.vd_ndx] = text;
      if (definition.vd_next == 0) break;
    }
  }

  void read_symbols(Exports* exports) {
    GElf_Shdr header;
    gelf_getshdr(symbols_, &header);
    Elf_Data* data = elf_getdata(symbols_, nullptr);
    const size_t count = header.sh_entsize == 0 ? 0 : header.sh_size / header.sh_entsize;
    for (size_t i = 1; data && i < count; i++) {
      GElf_Sym symbol;
      GElf_Versym version = kGlobal;
      if (!gelf_getsym(data, int(i), &symbol) || symbol.st_shndx == SHN_UNDEF) continue;
      if (GELF_ST_BIND(symbol.st_info) == STB_LOCAL || symbol.st_shndx == SHN_ABS) continue;
      if (versions_ && !gelf_getversym(versions_, int(i), &version)) continue;
      if ((version & kHidden) != 0 || version == 0) continue;
      const char* name = elf_strptr(elf_, header.sh_link, symbol.st_name);
      if (!name) continue;
      const auto text = version_names_.find(version);
      const bool versioned = version > kGlobal && text != version_names_.end();
      exports->symbols.emplace(name, Export{uint32_t(exports->names.size() - 1), versioned ? text->second : "",
                                            uint8_t(GELF_ST_TYPE(symbol.st_info))});
    }
  }

  Elf* elf_;
  std::string name_;
  Elf_Scn* symbols_ = nullptr;
  Elf_Data* versions_ = nullptr;
  std::map<uint16_t, std::string> version_names_;
};

uint32_t elf_hash_of(const std::string& name) { return uint32_t(elf_hash(name.c_str())); }

/// Writes one stand-in: .dynsym, .dynstr, versions, .dynamic, and sections for the symbols to be in.
class StandIn {
 public:
  explicit StandIn(std::string name) : name_(std::move(name)) {
    append(&symbols_, Elf64_Sym{});
    append(&symbol_versions_, uint16_t(0));
    own_name_ = text(name_);
    define(name_, kGlobal, VER_FLG_BASE);
  }

  void add(const std::string& name, const Export& symbol) {
    uint16_t version = kGlobal;
    if (!symbol.version.empty()) {
      const auto [found, fresh] = indexes_.emplace(symbol.version, uint16_t(indexes_.size() + 2));
      version = found->second;
      if (fresh) define(symbol.version, version, 0);
    }
    const bool tls = symbol.type == STT_TLS;
    Elf64_Sym entry{};
    entry.st_name = text(name);
    entry.st_info = uint8_t(ELF64_ST_INFO(STB_GLOBAL, symbol.type == STT_GNU_IFUNC ? STT_FUNC : symbol.type));
    entry.st_shndx = tls ? kTlsSection : kSection;
    entry.st_size = 1;
    append(&symbols_, entry);
    append(&symbol_versions_, version);
  }

  std::string finish() {
    std::string dynamic;
    append(&dynamic, Elf64_Dyn{DT_SONAME, {own_name_}});
    append(&dynamic, Elf64_Dyn{DT_NULL, {0}});
    bytes_.assign(sizeof(Elf64_Ehdr), '\0');
    headers_.resize(1);
    section(".text", SHT_NOBITS, SHF_ALLOC | SHF_EXECINSTR, {}, 0, 0, 0);
    section(".tbss", SHT_NOBITS, SHF_ALLOC | SHF_WRITE | SHF_TLS, {}, 0, 0, 0);
    section(".dynstr", SHT_STRTAB, SHF_ALLOC, strings_, 0, 0, 0);
    section(".dynsym", SHT_DYNSYM, SHF_ALLOC, symbols_, kStrings, 1, sizeof(Elf64_Sym));
    section(".gnu.version", SHT_GNU_versym, SHF_ALLOC, symbol_versions_, kSymbols, 0, sizeof(uint16_t));
    section(".gnu.version_d", SHT_GNU_verdef, SHF_ALLOC, definitions(), kStrings, uint32_t(definitions_.size()), 0);
    section(".dynamic", SHT_DYNAMIC, SHF_ALLOC | SHF_WRITE, dynamic, kStrings, 0, sizeof(Elf64_Dyn));
    const uint32_t own = uint32_t(section_names_.size());
    section_names_ += std::string(".shstrtab") + '\0';
    section("", SHT_STRTAB, 0, std::string(section_names_), 0, 0, 0);
    headers_.back().sh_name = own;
    headers_[kSection].sh_size = headers_[kTlsSection].sh_size = 16;

    Elf64_Ehdr header{};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_ident[EI_VERSION] = EV_CURRENT;
    header.e_type = ET_DYN;
    header.e_machine = EM_X86_64;
    header.e_version = EV_CURRENT;
    header.e_shoff = bytes_.size();
    header.e_ehsize = sizeof header;
    header.e_shentsize = sizeof(Elf64_Shdr);
    header.e_shnum = uint16_t(headers_.size());
    header.e_shstrndx = uint16_t(headers_.size() - 1);
    for (const Elf64_Shdr& entry : headers_) append(&bytes_, entry);
    store(&bytes_, 0, header);
    return std::move(bytes_);
  }

 private:
  static constexpr uint16_t kSection = 1, kTlsSection = 2;
  static constexpr uint32_t kStrings = 3, kSymbols = 4;

  uint32_t text(const std::string& name) {
    const uint32_t at = uint32_t(strings_.size());
    strings_ += name + '\0';
    return at;
  }

  void define(const std::string& name, uint16_t index, uint16_t flags) {
    definitions_.push_back({Elf64_Verdef{VER_DEF_CURRENT, flags, index, 1, elf_hash_of(name), sizeof(Elf64_Verdef), 0},
                            Elf64_Verdaux{text(name), 0}});
  }

  std::string definitions() {
    std::string bytes;
    for (size_t i = 0; i < definitions_.size(); i++) {
      auto& [definition, name] = definitions_[i];
      definition.vd_next = i + 1 < definitions_.size() ? sizeof definition + sizeof name : 0;
      append(&bytes, definition);
      append(&bytes, name);
    }
    return bytes;
  }

  void section(const std::string& name, uint32_t type, uint64_t flags, const std::string& contents, uint32_t link,
               uint32_t info, uint64_t entry_size) {
    while (bytes_.size() % 8 != 0) bytes_.push_back('\0');
    Elf64_Shdr header{};
    header.sh_name = uint32_t(section_names_.size());
    header.sh_type = type;
    header.sh_flags = flags;
    header.sh_addr = (flags & SHF_ALLOC) != 0 ? bytes_.size() : 0;
    header.sh_offset = bytes_.size();
    header.sh_size = contents.size();
    header.sh_link = link;
    header.sh_info = info;
    header.sh_addralign = 8;
    header.sh_entsize = entry_size;
    section_names_ += name + '\0';
    bytes_ += contents;
    headers_.push_back(header);
  }

  std::string name_, bytes_, strings_ = std::string(1, '\0'), symbols_, symbol_versions_;
  std::string section_names_ = std::string(1, '\0');
  uint32_t own_name_ = 0;
  std::vector<std::pair<Elf64_Verdef, Elf64_Verdaux>> definitions_;
  std::map<std::string, uint16_t> indexes_;
  std::vector<Elf64_Shdr> headers_;
};

}  // namespace

std::shared_ptr<const Exports> read_exports(const std::vector<std::string>& libraries, Machine machine) {
  auto exports = std::make_shared<Exports>();
  elf_version(EV_CURRENT);
  for (const std::string& path : libraries) {
    auto bytes = read_file(path);
    if (!bytes) continue;
    std::unique_ptr<Elf, ElfEnd> elf(elf_memory(bytes.value().data(), bytes.value().size()));
    GElf_Ehdr header;
    if (!elf || elf_kind(elf.get()) != ELF_K_ELF || !gelf_getehdr(elf.get(), &header)) continue;
    const bool fits = machine_of(header.e_ident[EI_CLASS], header.e_machine) == machine;
    if (fits && header.e_type == ET_DYN) LibraryReader(elf.get(), path).read(exports.get());
  }
  return exports;
}

Result<std::vector<std::string>> write_stand_ins(const Exports& exports, const std::vector<std::string>& symbols,
                                                 const std::string& directory) {
  std::map<uint32_t, StandIn> libraries;
  for (const std::string& name : std::set<std::string>(symbols.begin(), symbols.end())) {
    const auto found = exports.symbols.find(name);
    if (found == exports.symbols.end()) continue;
    libraries.emplace(found->second.library, exports.names[found->second.library]).first->second.add(name, found->second);
  }
  std::vector<std::string> paths;
  for (auto& [index, library] : libraries) {
    paths.push_back(directory + "/library-" + std::to_string(index) + ".so");
    auto written = write_file(paths.back(), library.finish());
    if (!written) return written.error();
  }
  return paths;
}

}  // namespace hotreload
