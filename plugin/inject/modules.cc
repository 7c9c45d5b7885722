// Reads ELF headers, dynamic sections and the loader's list (r_debug, link_map: <link.h>) in another process.
#include "modules.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <set>

namespace hotreload {

namespace {

struct Dynamic {
  uint64_t strings = 0, symbols = 0, gnu_hash = 0, hash = 0, versions = 0, debug = 0, relocations = 0, relocations_size = 0;
};

template <typename Ehdr, typename Phdr>
bool read_headers(const Target& target, uint64_t start, ProcessModule* module) {
  Ehdr header;
  if (!target.read(start, &header) || header.e_phentsize != sizeof(Phdr) || header.e_phnum > 256) return false;
  if (header.e_type != ET_EXEC && header.e_type != ET_DYN) return false;
  std::vector<Phdr> programs(header.e_phnum);
  if (programs.empty() || !target.read(start + header.e_phoff, programs.data(), programs.size() * sizeof(Phdr))) return false;
  uint64_t lowest = ~0ull;
  for (const Phdr& program : programs) {
    if (program.p_type == PT_LOAD) lowest = std::min<uint64_t>(lowest, program.p_vaddr & ~0xfffull);
  }
  if (lowest == ~0ull) return false;
  module->bias = start - lowest;
  for (const Phdr& program : programs) {
    const uint64_t at = module->bias + program.p_vaddr;
    if (program.p_type == PT_LOAD) {
      module->segments.push_back({at, at + program.p_memsz, at + program.p_filesz, program.p_flags});
    }
    if (program.p_type == PT_DYNAMIC) module->dynamic = at;
    if (program.p_type == PT_INTERP) module->executable = true;
    if (program.p_type == PT_TLS) module->tls_size = program.p_memsz;
    if (program.p_type != PT_NOTE || program.p_memsz > 65536) continue;
    std::string notes(program.p_memsz, '\0');
    if (!target.read(at, notes.data(), notes.size())) continue;
    for (size_t place = 0; place + 12 <= notes.size();) {
      uint32_t sizes[3];
      memcpy(sizes, notes.data() + place, sizeof sizes);
      const size_t name = place + 12, value = name + (size_t(sizes[0]) + 3) / 4 * 4;
      if (value > notes.size() || sizes[1] > notes.size() - value) break;
      if (sizes[2] == NT_GNU_BUILD_ID && sizes[0] == 4 && notes.compare(name, 3, "GNU") == 0) {
        for (size_t i = 0; i < sizes[1]; i++) {
          char digits[3];
          snprintf(digits, sizeof digits, "%02x", static_cast<unsigned char>(notes[value + i]));
          module->build_id += digits;
        }
      }
      place = value + (size_t(sizes[1]) + 3) / 4 * 4;
    }
  }
  return true;
}

template <typename Dyn>
Dynamic read_dynamic(const Target& target, const ProcessModule& module) {
  Dynamic dynamic;
  // The loader adds the bias to addresses in place, except where the section is read-only.
  const auto address = [&](uint64_t value) { return value >= module.start() ? value : value + module.bias; };
  Dyn entry;
  for (uint64_t at = module.dynamic; at != 0 && target.read(at, &entry) && entry.d_tag != DT_NULL; at += sizeof entry) {
    switch (entry.d_tag) {
      case DT_STRTAB: dynamic.strings = address(entry.d_un.d_ptr); break;
      case DT_SYMTAB: dynamic.symbols = address(entry.d_un.d_ptr); break;
      case DT_GNU_HASH: dynamic.gnu_hash = address(entry.d_un.d_ptr); break;
      case DT_HASH: dynamic.hash = address(entry.d_un.d_ptr); break;
      case DT_VERSYM: dynamic.versions = address(entry.d_un.d_ptr); break;
      case DT_RELA:
      case DT_REL: dynamic.relocations = address(entry.d_un.d_ptr); break;
      case DT_RELASZ:
      case DT_RELSZ: dynamic.relocations_size = entry.d_un.d_val; break;
      case DT_DEBUG: dynamic.debug = entry.d_un.d_ptr; break;
      default: break;
    }
  }
  return dynamic;
}

Dynamic dynamic_of(const Target& target, const ProcessModule& module) {
  return target.bits() == 64 ? read_dynamic<Elf64_Dyn>(target, module) : read_dynamic<Elf32_Dyn>(target, module);
}

struct DynamicSymbol {
  std::string name;
  uint64_t value, size;
  uint8_t type, binding;
  uint16_t section;
};

bool read_symbol(const Target& target, const Dynamic& dynamic, uint32_t index, DynamicSymbol* symbol, bool with_name) {
  uint32_t name = 0;
  uint8_t info = 0;
  if (target.bits() == 64) {
    Elf64_Sym entry;
    if (!target.read(dynamic.symbols + index * sizeof entry, &entry)) return false;
    name = entry.st_name, info = entry.st_info, symbol->value = entry.st_value, symbol->size = entry.st_size;
    symbol->section = entry.st_shndx;
  } else {
    Elf32_Sym entry;
    if (!target.read(dynamic.symbols + index * sizeof entry, &entry)) return false;
    name = entry.st_name, info = entry.st_info, symbol->value = entry.st_value, symbol->size = entry.st_size;
    symbol->section = entry.st_shndx;
  }
  symbol->type = ELF64_ST_TYPE(info);
  symbol->binding = ELF64_ST_BIND(info);
  if (with_name) symbol->name = target.read_string(dynamic.strings + name);
  return true;
}

uint32_t gnu_hash_of(const std::string& name) {
  uint32_t hash = 5381;
  for (const char character : name) hash = hash * 33 + static_cast<unsigned char>(character);
  return hash;
}

/// Indexes of the symbols that may have the name.
std::vector<uint32_t> candidates(const Target& target, const Dynamic& dynamic, const std::string& name) {
  std::vector<uint32_t> found;
  if (dynamic.gnu_hash != 0) {
    uint32_t head[4];
    if (!target.read(dynamic.gnu_hash, head, sizeof head) || head[0] == 0) return found;
    const uint64_t buckets = dynamic.gnu_hash + 16 + uint64_t(head[2]) * (target.bits() / 8);
    const uint64_t chains = buckets + 4ull * head[0];
    const uint32_t hash = gnu_hash_of(name);
    uint32_t index = 0, entry = 0;
    target.read(buckets + 4ull * (hash % head[0]), &index);
    for (; index >= head[1] && target.read(chains + 4ull * (index - head[1]), &entry); index++) {
      if ((entry | 1) == (hash | 1)) found.push_back(index);
      if ((entry & 1) != 0) break;
    }
  } else if (dynamic.hash != 0) {
    uint32_t head[2] = {0, 0};
    target.read(dynamic.hash, head, sizeof head);
    for (uint32_t index = 1; index < head[1] && index < 1000000; index++) found.push_back(index);
  }
  return found;
}

}  // namespace

uint64_t ProcessModule::start() const {
  uint64_t start = ~0ull;
  for (const LoadedSegment& segment : segments) start = std::min<uint64_t>(start, segment.start & ~0xfffull);
  return start;
}

uint64_t ProcessModule::end() const {
  uint64_t end = 0;
  for (const LoadedSegment& segment : segments) end = std::max<uint64_t>(end, (segment.end + 0xfff) & ~0xfffull);
  return end;
}

Result<Modules> Modules::read(const Target& target) {
  auto mappings = target.mappings();
  if (!mappings) return mappings.error();
  Modules modules;
  std::string previous;
  for (const Mapping& mapping : mappings.value()) {
    char magic[4];
    if (!mapping.readable || mapping.offset != 0 || mapping.path.empty()) continue;
    if (!target.read(mapping.start, magic, sizeof magic) || memcmp(magic, ELFMAG, SELFMAG) != 0) continue;
    ProcessModule module{mapping.path, 0, "", false, 0, {}, 0};
    const bool good = target.bits() == 64 ? read_headers<Elf64_Ehdr, Elf64_Phdr>(target, mapping.start, &module)
                                          : read_headers<Elf32_Ehdr, Elf32_Phdr>(target, mapping.start, &module);
    if (good) modules.modules_.push_back(std::move(module));
  }
  // The loader's order: that of its list, whose entries name the dynamic section of each module.
  std::map<uint64_t, size_t> order;
  for (const ProcessModule& module : modules.modules_) {
    if (!module.executable || !order.empty()) continue;
    uint64_t entry = 0, dynamic = 0;
    const uint64_t pointer = uint64_t(target.bits() / 8);
    target.read_pointer(dynamic_of(target, module).debug + pointer, &entry);  // r_debug.r_map
    for (size_t i = 0; entry != 0 && i < 10000; i++) {
      if (!target.read_pointer(entry + 2 * pointer, &dynamic)) break;  // link_map.l_ld
      order.emplace(dynamic, i);
      if (!target.read_pointer(entry + 3 * pointer, &entry)) break;  // link_map.l_next
    }
  }
  std::stable_sort(modules.modules_.begin(), modules.modules_.end(), [&](const ProcessModule& a, const ProcessModule& b) {
    const auto first = order.find(a.dynamic), second = order.find(b.dynamic);
    return (first == order.end() ? order.size() : first->second) < (second == order.end() ? order.size() : second->second);
  });
  return modules;
}

const ProcessModule* Modules::with_build_id(const std::string& build_id) const {
  for (const ProcessModule& module : modules_) {
    if (module.build_id == build_id) return &module;
  }
  return nullptr;
}

const ProcessModule* Modules::at(uint64_t address) const {
  for (const ProcessModule& module : modules_) {
    for (const LoadedSegment& segment : module.segments) {
      if (address >= segment.start && address < segment.end) return &module;
    }
  }
  return nullptr;
}

std::optional<Exported> Modules::find_in(const Target& target, const ProcessModule& module, const std::string& name) const {
  const Dynamic dynamic = dynamic_of(target, module);
  if (dynamic.symbols == 0 || dynamic.strings == 0) return std::nullopt;
  for (const uint32_t index : candidates(target, dynamic, name)) {
    DynamicSymbol symbol;
    if (!read_symbol(target, dynamic, index, &symbol, true) || symbol.name != name) continue;
    if (symbol.section == SHN_UNDEF || symbol.section == SHN_ABS || symbol.binding == STB_LOCAL) continue;
    if (symbol.type == STT_TLS) continue;
    uint16_t version = 1;
    if (dynamic.versions != 0) target.read(dynamic.versions + 2ull * index, &version);
    if ((version & 0x8000) != 0 || version == 0) continue;  // an old version, kept for old programs
    const bool function = symbol.type == STT_FUNC || symbol.type == STT_GNU_IFUNC;
    return Exported{module.bias + symbol.value, symbol.type == STT_GNU_IFUNC, function, symbol.size};
  }
  return std::nullopt;
}

std::optional<Exported> Modules::find(const Target& target, const std::string& name) const {
  for (const ProcessModule& module : modules_) {
    if (module.dynamic == 0) continue;
    const auto found = find_in(target, module, name);
    if (found) return found;
  }
  return std::nullopt;
}

uint64_t Modules::tls_module(const Target& target, const ProcessModule& module) const {
  // The GOT entry that the loader filled for the module itself: R_X86_64_DTPMOD64 and R_386_TLS_DTPMOD32.
  const Dynamic dynamic = dynamic_of(target, module);
  const bool wide = target.bits() == 64;
  for (uint64_t at = 0; at < dynamic.relocations_size; at += wide ? sizeof(Elf64_Rela) : sizeof(Elf32_Rel)) {
    uint64_t number = 0;
    if (wide) {
      Elf64_Rela relocation;
      if (!target.read(dynamic.relocations + at, &relocation)) return 0;
      if (ELF64_R_TYPE(relocation.r_info) != R_X86_64_DTPMOD64 || ELF64_R_SYM(relocation.r_info) != 0) continue;
      target.read_pointer(module.bias + relocation.r_offset, &number);
    } else {
      Elf32_Rel relocation;
      if (!target.read(dynamic.relocations + at, &relocation)) return 0;
      if (ELF32_R_TYPE(relocation.r_info) != R_386_TLS_DTPMOD32 || ELF32_R_SYM(relocation.r_info) != 0) continue;
      target.read_pointer(module.bias + relocation.r_offset, &number);
    }
    return number;
  }
  return 0;
}

std::string Modules::function_at(const Target& target, const ProcessModule& module, uint64_t address) const {
  const Dynamic dynamic = dynamic_of(target, module);
  // The symbol table ends where the string table begins, with every linker that is known.
  const uint64_t entry = target.bits() == 64 ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym);
  if (dynamic.symbols == 0 || dynamic.strings <= dynamic.symbols) return "";
  const uint64_t count = std::min<uint64_t>((dynamic.strings - dynamic.symbols) / entry, 200000);
  DynamicSymbol symbol;
  for (uint32_t i = 1; i < count; i++) {
    if (!read_symbol(target, dynamic, i, &symbol, false)) return "";
    const bool function = symbol.type == STT_FUNC && symbol.section != SHN_UNDEF;
    const uint64_t start = module.bias + symbol.value;
    if (!function || address < start || address >= start + symbol.size) continue;
    read_symbol(target, dynamic, i, &symbol, true);
    return symbol.name;
  }
  return "";
}

}  // namespace hotreload
