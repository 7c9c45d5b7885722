// Reads executables and shared libraries with libelf.
#include "module.h"

#include <gelf.h>
#include <libelf.h>

#include "bytes.h"
#include "localized.h"
#include "relocation.h"

namespace hotreload {

namespace {

constexpr int64_t kPackedRelocations = 36;  ///< DT_RELR (gABI of 2022), which glibc 2.35 and older do not name

struct ElfEnd {
  void operator()(Elf* elf) const { elf_end(elf); }
};

class Reader {
 public:
  Reader(std::string path, std::string debug_file, Machines machines)
      : module_(std::make_shared<Module>()), debug_file_(std::move(debug_file)), machines_(machines) {
    module_->path = std::move(path);
  }

  Result<std::shared_ptr<const Module>> read(const std::vector<std::string>& objects) {
    auto bytes = read_file(module_->path);
    if (!bytes) return bytes.error();
    module_->bytes = std::move(bytes.value());
    elf_version(EV_CURRENT);
    elf_.reset(elf_memory(module_->bytes.data(), module_->bytes.size()));
    for (auto pass : {&Reader::read_segments, &Reader::read_notes, &Reader::read_dynamic, &Reader::read_tables}) {
      auto done = (this->*pass)();
      if (!done) return done.error();
    }
    if (has_localized_globals(*module_)) {
      if (objects.empty()) return Error{"E_LOCALIZED", "its linker made its global symbols local", module_->path};
      auto restored = restore_globals(objects, module_.get());
      if (!restored) return restored.error();
    }
    return std::shared_ptr<const Module>(module_);
  }

 private:
  Error broken(const std::string& what) const { return {"E_ELF", what, module_->path}; }

  Result<Nothing> read_segments() {
    GElf_Ehdr header;
    if (!elf_ || elf_kind(elf_.get()) != ELF_K_ELF || !gelf_getehdr(elf_.get(), &header)) {
      return broken("is not an ELF file");
    }
    const bool fitting = header.e_type == ET_DYN || header.e_type == ET_EXEC;
    const auto machine = machine_of(header.e_ident[EI_CLASS], header.e_machine);
    if (machines_ == Machines::kX86_64 && machine == Machine::kX86) {
      return Error{"E_ARCHITECTURE", "is for 32-bit x86, which only `hotreload gen` and `hotreload fix` know", module_->path};
    }
    if (machines_ == Machines::kX86_64 && (machine != Machine::kX86_64 || !fitting)) {
      return broken("is not an executable or shared library for x86-64");
    }
    if (!machine) {
      return Error{"E_ARCHITECTURE",
                   "is for another architecture (ELF machine " + std::to_string(header.e_machine) +
                       "): only programs and libraries for x86-64 and 32-bit x86 can be patched",
                   module_->path};
    }
    if (!fitting) return broken("is not an executable or shared library");
    module_->machine = *machine;
    module_->position_independent = header.e_type == ET_DYN;
    module_->executable = header.e_type == ET_EXEC;
    size_t count = 0;
    if (elf_getphdrnum(elf_.get(), &count) != 0) return broken("has no program headers that can be read");
    for (size_t i = 0; i < count; i++) {
      GElf_Phdr segment;
      if (!gelf_getphdr(elf_.get(), static_cast<int>(i), &segment)) return broken("has a broken program header");
      if (segment.p_filesz > 0 && !slice(module_->bytes, segment.p_offset, segment.p_filesz).ok) {
        return broken("a segment reaches beyond the end of the file");
      }
      if (segment.p_type == PT_INTERP) module_->executable = true;
      if (segment.p_type == PT_TLS) {
        module_->tls_size = segment.p_memsz;
        module_->tls_alignment = segment.p_align == 0 ? 1 : segment.p_align;
      }
      module_->segments.push_back(segment);
    }
    return Nothing{};
  }

  Result<Nothing> read_notes() {
    for (const Elf64_Phdr& segment : module_->segments) {
      if (segment.p_type != PT_NOTE) continue;
      const std::string_view notes(module_->bytes.data() + segment.p_offset, segment.p_filesz);
      Elf64_Nhdr note;
      for (uint64_t at = 0; load(notes, at, &note);) {
        const uint64_t name = at + sizeof note, value = name + (note.n_namesz + 3) / 4 * 4;
        const Slice contents = slice(notes, value, note.n_descsz);
        if (!contents.ok) break;
        if (note.n_type == NT_GNU_BUILD_ID && slice(notes, name, 4).bytes == std::string_view("GNU", 4)) {
          for (const char byte : contents.bytes) {
            char digits[3];
            snprintf(digits, sizeof digits, "%02x", static_cast<unsigned char>(byte));
            module_->build_id += digits;
          }
        }
        at = value + (note.n_descsz + 3) / 4 * 4;
      }
    }
    return Nothing{};
  }

  Result<Nothing> read_dynamic() {
    if (module_->machine == Machine::kX86_64) read_dynamic_of<Elf64_Dyn>();
    else read_dynamic_of<Elf32_Dyn>();
    return Nothing{};
  }

  template <typename Dyn>
  void read_dynamic_of() {
    module_->symbolic = false;
    for (const Elf64_Phdr& segment : module_->segments) {
      if (segment.p_type != PT_DYNAMIC) continue;
      const std::string_view entries(module_->bytes.data() + segment.p_offset, segment.p_filesz);
      Dyn entry;
      for (uint64_t at = 0; load(entries, at, &entry) && entry.d_tag != DT_NULL; at += sizeof entry) {
        if (entry.d_tag == DT_SYMBOLIC || (entry.d_tag == DT_FLAGS && (entry.d_un.d_val & DF_SYMBOLIC) != 0)) {
          module_->symbolic = true;
        }
        if (entry.d_tag == DT_PLTGOT) module_->got = entry.d_un.d_ptr;
      }
    }
  }

  Result<Nothing> read_tables() {
    bool found = false;
    auto done = read_tables_of(elf_.get(), &found);
    if (!done) return done;
    if (!found && !debug_file_.empty()) {
      auto bytes = read_file(debug_file_);
      if (!bytes) return bytes.error();
      module_->debug_bytes = std::move(bytes.value());
      debug_elf_.reset(elf_memory(module_->debug_bytes.data(), module_->debug_bytes.size()));
      if (!debug_elf_ || elf_kind(debug_elf_.get()) != ELF_K_ELF) return Error{"E_ELF", "is not an ELF file", debug_file_};
      done = read_tables_of(debug_elf_.get(), &found);
      if (!done) return done;
    }
    if (!found) return Error{"E_STRIPPED", "has no symbol table: it was stripped", module_->path};
    return Nothing{};
  }

  Result<Nothing> read_tables_of(Elf* elf, bool* found) {
    for (Elf_Scn* scn = nullptr; (scn = elf_nextscn(elf, scn)) != nullptr;) {
      GElf_Shdr header;
      if (!gelf_getshdr(scn, &header)) return broken("has a broken section table");
      const bool dynamic = header.sh_type == SHT_DYNSYM && elf == elf_.get();  // a debug file's has no contents
      if (header.sh_type != SHT_SYMTAB && !dynamic) continue;
      *found = *found || header.sh_type == SHT_SYMTAB;
      auto done = read_symbols(elf, scn, header);
      if (!done) return done.error();
    }
    return Nothing{};
  }

  Result<Nothing> read_symbols(Elf* elf, Elf_Scn* scn, const GElf_Shdr& header) {
    Elf_Data* data = elf_getdata(scn, nullptr);
    const uint64_t entry = module_->machine == Machine::kX86_64 ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym);
    const size_t count = header.sh_entsize == entry ? header.sh_size / entry : 0;
    // Behind a file without a name ld.bfd writes what it made local: hidden symbols, and those that a version script hides.
    bool of_linker = false;
    for (size_t i = 1; i < count; i++) {
      GElf_Sym symbol;
      const char* text = gelf_getsym(data, static_cast<int>(i), &symbol)
                             ? elf_strptr(elf, header.sh_link, symbol.st_name)
                             : nullptr;
      if (!text) return broken("has a symbol that cannot be read");
      std::string_view name(text);
      const int type = GELF_ST_TYPE(symbol.st_info), binding = GELF_ST_BIND(symbol.st_info);
      if (header.sh_type == SHT_SYMTAB && type == STT_FILE) {
        of_linker = name.empty();
        if (!of_linker) module_->units.push_back({name, {}});
        continue;
      }
      if (symbol.st_shndx == SHN_UNDEF && header.sh_type == SHT_DYNSYM) module_->imported.insert(name);
      if (symbol.st_shndx == SHN_UNDEF && header.sh_type == SHT_SYMTAB && binding == STB_WEAK) {
        module_->weak_undefined.insert(name.substr(0, name.find('@')));
      }
      if (symbol.st_shndx == SHN_UNDEF || symbol.st_shndx == SHN_ABS || type == STT_SECTION || name.empty()) continue;
      if (name == "_GLOBAL_OFFSET_TABLE_") continue;  // each module has its own
      const ModuleSymbol value{symbol.st_value, symbol.st_size, uint8_t(type)};
      const int visibility = GELF_ST_VISIBILITY(symbol.st_other);
      // A linker makes hidden symbols local; for the objects of the module they are still global.
      const bool hidden = visibility == STV_HIDDEN || visibility == STV_INTERNAL;
      if (header.sh_type == SHT_SYMTAB && type == STT_FUNC) {
        module_->functions.emplace(symbol.st_value, name.substr(0, name.find('@')));
      }
      if (header.sh_type == SHT_DYNSYM) {
        if (binding != STB_LOCAL) module_->exported.emplace(name, value);
      } else if (binding == STB_LOCAL && !hidden && !of_linker) {
        if (module_->units.empty()) module_->units.push_back({"", {}});
        module_->units.back().symbols.emplace(name, value);
      } else {
        module_->globals.emplace(name.substr(0, name.find('@')), value);
      }
    }
    return Nothing{};
  }

  std::shared_ptr<Module> module_;
  const std::string debug_file_;
  const Machines machines_;
  std::unique_ptr<Elf, ElfEnd> elf_, debug_elf_;
};

}  // namespace

std::string_view Module::at(uint64_t address, uint64_t size) const {
  for (const Elf64_Phdr& segment : segments) {
    if (segment.p_type != PT_LOAD || address < segment.p_vaddr || address - segment.p_vaddr > segment.p_filesz) continue;
    const uint64_t offset = address - segment.p_vaddr;
    if (size <= segment.p_filesz - offset) return std::string_view(bytes).substr(segment.p_offset + offset, size);
  }
  return {};
}

std::optional<uint64_t> Module::pointer_at(uint64_t address) const {
  if (machine != Machine::kX86_64) return std::nullopt;
  uint64_t table = 0, size = 0, value = 0;
  bool packed = false;
  for (const Elf64_Phdr& segment : segments) {
    if (segment.p_type != PT_DYNAMIC) continue;
    const std::string_view entries = std::string_view(bytes).substr(segment.p_offset, segment.p_filesz);
    Elf64_Dyn entry;
    for (uint64_t at = 0; load(entries, at, &entry) && entry.d_tag != DT_NULL; at += sizeof entry) {
      if (entry.d_tag == DT_RELA) table = entry.d_un.d_ptr;
      if (entry.d_tag == DT_RELASZ) size = entry.d_un.d_val;
      packed = packed || entry.d_tag == kPackedRelocations;
    }
  }
  const std::string_view relocations = at(table, size);
  Elf64_Rela relocation;
  for (uint64_t offset = 0; load(relocations, offset, &relocation); offset += sizeof relocation) {
    if (relocation.r_offset != address) continue;
    if (ELF64_R_TYPE(relocation.r_info) != R_X86_64_RELATIVE) return std::nullopt;
    return uint64_t(relocation.r_addend);
  }
  // Without a relocation of its own the place holds the pointer, unless it belongs to nobody.
  if (position_independent && !packed) return std::nullopt;
  if (!load(at(address, sizeof value), 0, &value)) return std::nullopt;
  return value;
}

std::optional<uint64_t> Module::referred_to(uint32_t type, uint64_t site) const {
  int32_t value = 0;
  if (!load(at(site, sizeof value), 0, &value)) return std::nullopt;
  const uint64_t wrap = machine == Machine::kX86_64 ? ~uint64_t(0) : 0xffffffff;
  switch (reference_of(type)) {
    case Reference::kRelative32: return (site + 4 + uint64_t(int64_t(value))) & wrap;
    case Reference::kAbsolute32:
      if (machine != Machine::kX86) return std::nullopt;
      return uint64_t(uint32_t(value));
    case Reference::kGotDistance:
      if (got == 0) return std::nullopt;
      return (got + uint64_t(int64_t(value))) & wrap;
    default: return std::nullopt;
  }
}

int64_t Module::thread_pointer_offset(uint64_t tls_offset) const {
  const uint64_t block = (tls_size + tls_alignment - 1) / tls_alignment * tls_alignment;
  return int64_t(tls_offset) - int64_t(block);
}

Result<std::shared_ptr<const Module>> read_module(const std::string& path, const std::vector<std::string>& objects,
                                                  const std::string& debug_file, Machines machines) {
  return Reader(path, debug_file, machines).read(objects);
}

}  // namespace hotreload
