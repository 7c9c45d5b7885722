// Gives an executable of mold its global symbols back.
#include "localized.h"

#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <unistd.h>

#include <unordered_map>
#include <unordered_set>

namespace hotreload {

namespace {

/// Of all objects that were compiled from files of one name.
struct Names {
  std::unordered_set<std::string> global, local;
};

using NamesByFile = std::unordered_map<std::string, Names>;

class OpenElf {
 public:
  explicit OpenElf(const std::string& path)
      : descriptor_(open(path.c_str(), O_RDONLY | O_CLOEXEC)),
        elf_(descriptor_ < 0 ? nullptr : elf_begin(descriptor_, ELF_C_READ_MMAP, nullptr)) {}
  OpenElf(const OpenElf&) = delete;
  OpenElf& operator=(const OpenElf&) = delete;
  ~OpenElf() {
    elf_end(elf_);
    if (descriptor_ >= 0) close(descriptor_);
  }

  Elf* get() const { return elf_; }

 private:
  int descriptor_;
  Elf* elf_;
};

/// The names that an object defines, under the name of its source file (STT_FILE).
bool add_names(const std::string& path, NamesByFile* names) {
  const OpenElf elf(path);
  for (Elf_Scn* section = elf.get() ? elf_nextscn(elf.get(), nullptr) : nullptr; section != nullptr;
       section = elf_nextscn(elf.get(), section)) {
    GElf_Shdr header;
    if (!gelf_getshdr(section, &header)) return false;
    if (header.sh_type != SHT_SYMTAB || header.sh_entsize == 0) continue;
    Elf_Data* data = elf_getdata(section, nullptr);
    Names* of_file = &(*names)[""];
    for (size_t i = 1; i < header.sh_size / header.sh_entsize; i++) {
      GElf_Sym symbol;
      const char* name =
          gelf_getsym(data, static_cast<int>(i), &symbol) ? elf_strptr(elf.get(), header.sh_link, symbol.st_name) : nullptr;
      if (!name) return false;
      if (GELF_ST_TYPE(symbol.st_info) == STT_FILE) {
        of_file = &(*names)[name];
      } else if (symbol.st_shndx != SHN_UNDEF && *name != '\0') {
        (GELF_ST_BIND(symbol.st_info) == STB_LOCAL ? of_file->local : of_file->global).insert(name);
      }
    }
    return true;
  }
  return false;
}

}  // namespace

bool has_localized_globals(const Module& module) {
  if (!module.executable || module.globals.count("main") > 0) return false;
  for (const UnitSymbols& unit : module.units) {
    if (unit.symbols.count("main") > 0) return true;
  }
  return false;
}

Result<Nothing> restore_globals(const std::vector<std::string>& objects, Module* module) {
  elf_version(EV_CURRENT);
  NamesByFile names;
  for (const std::string& path : objects) {
    if (!add_names(path, &names)) return Error{"E_ELF", "is not an object that can be read", path};
  }
  for (UnitSymbols& unit : module->units) {
    const auto found = names.find(std::string(unit.source_name));
    if (found == names.end()) continue;
    const Names& of_file = found->second;
    for (auto at = unit.symbols.begin(); at != unit.symbols.end();) {
      const std::string name(at->first);
      if (of_file.global.count(name) > 0 && of_file.local.count(name) == 0) {
        module->globals.emplace(at->first, at->second);
        at = unit.symbols.erase(at);
      } else {
        ++at;
      }
    }
  }
  return Nothing{};
}

}  // namespace hotreload
