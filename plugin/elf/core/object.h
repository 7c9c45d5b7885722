// A relocatable object as read from a file: sections, symbols, relocations, COMDAT groups (ELF gABI 4.1).
#ifndef HOTRELOAD_ELF_OBJECT_H
#define HOTRELOAD_ELF_OBJECT_H

#include <elf.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "machine.h"
#include "result.h"

namespace hotreload {

struct Relocation {
  uint64_t offset;  ///< in the section that it applies to
  uint32_t type;    ///< relocation.h
  uint32_t symbol;  ///< index in Object::symbols
  int64_t addend;
  uint64_t place;   ///< offset of the Elf64_Rela or Elf32_Rel itself in the file
};

struct Section {
  std::string_view name;
  uint32_t type;
  uint64_t flags;
  uint64_t size;
  uint64_t alignment;
  uint64_t entry_size;
  std::string_view bytes;               ///< empty for SHT_NOBITS
  std::vector<Relocation> relocations;  ///< by offset; only those of sections that are loaded
  uint32_t group = 0;                   ///< index of the SHT_GROUP section that it belongs to, or 0
  uint32_t signature = 0;               ///< of a SHT_GROUP section: index of the symbol that names the group

  bool loaded() const { return (flags & SHF_ALLOC) != 0; }
  bool executable() const { return (flags & SHF_EXECINSTR) != 0; }
  bool thread_local_storage() const { return (flags & SHF_TLS) != 0; }
  /// Writable by the program; what is read-only once relocated (.data.rel.ro) is not.
  bool writable() const;
};

struct Symbol {
  std::string_view name;
  uint64_t value;
  uint64_t size;
  uint8_t type;
  uint8_t binding;
  uint8_t visibility;
  uint32_t section;  ///< index, or SHN_UNDEF, SHN_ABS, SHN_COMMON

  bool local() const { return binding == STB_LOCAL; }
  bool defined() const { return section != SHN_UNDEF && section != SHN_ABS && section != SHN_COMMON; }
};

struct Object {
  std::string path;
  std::string bytes;  ///< the whole file, addends at the sites cleared; the views below point into it
  Machine machine = Machine::kX86_64;
  std::vector<Section> sections;
  std::vector<Symbol> symbols;
  uint32_t symbol_table = 0;     ///< index of the SHT_SYMTAB section
  std::string_view source_name;  ///< of its STT_FILE symbol, "" if it has none

  /// The name that makes COMDAT groups of several objects one, or "" if the section is in no such group.
  std::string_view group_signature(uint32_t section) const;
};

/// Reads and validates an object. Errors: E_ELF (not an object for one of the machines, truncated, index out of range),
/// E_RELOCATION (unknown type; the message names section and offset).
Result<std::shared_ptr<const Object>> read_object(const std::string& path, Machines machines = Machines::kX86_64);

}  // namespace hotreload

#endif
