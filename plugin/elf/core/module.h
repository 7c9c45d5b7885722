// An executable or shared library as read from its file: segments, symbols by name and by translation unit, build-id.
#ifndef HOTRELOAD_ELF_MODULE_H
#define HOTRELOAD_ELF_MODULE_H

#include <elf.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "machine.h"
#include "result.h"

namespace hotreload {

struct ModuleSymbol {
  uint64_t address;  ///< in the file's address space; offset in the TLS segment for STT_TLS
  uint64_t size;
  uint8_t type;
};

/// The local symbols behind one STT_FILE symbol: one translation unit.
struct UnitSymbols {
  std::string_view source_name;
  std::unordered_map<std::string_view, ModuleSymbol> symbols;
};

struct Module {
  std::string path;
  std::string bytes;
  std::string debug_bytes;  ///< of the separate file that has the symbols, if one was named
  Machine machine = Machine::kX86_64;
  std::string build_id;  ///< lower-case hexadecimal, "" if there is none
  bool executable;       ///< it is the program: its symbols come first, and its TLS block lies at the thread pointer
  bool symbolic;         ///< DF_SYMBOLIC: its own definitions come first
  bool position_independent;
  std::vector<Elf64_Phdr> segments;  ///< of either machine
  uint64_t got = 0;  ///< DT_PLTGOT: what code of 32-bit x86 counts distances from
  uint64_t tls_size = 0, tls_alignment = 1;
  std::unordered_map<std::string_view, ModuleSymbol> globals;   ///< of .symtab, versions cut off
  std::unordered_map<std::string_view, ModuleSymbol> exported;  ///< of .dynsym: what other modules can see
  std::unordered_set<std::string_view> imported;        ///< undefined in .dynsym
  std::unordered_set<std::string_view> weak_undefined;  ///< of .symtab: code of the module tests whether they exist
  std::vector<UnitSymbols> units;                               ///< in link order
  std::unordered_multimap<uint64_t, std::string_view> functions;  ///< names of the function at an address

  /// The bytes of the file at [address, address + size), "" if they are not in the file.
  std::string_view at(uint64_t address, uint64_t size) const;
  /// The pointer that the dynamic loader puts at an address, for a load bias of 0; nothing if it cannot be told.
  /// Of modules for x86-64 only.
  std::optional<uint64_t> pointer_at(uint64_t address) const;
  /// What the four bytes of linked code at a site refer to, there by a relocation of this type; a pc-relative place counts
  /// from their end. Nothing if the type does not tell it.
  std::optional<uint64_t> referred_to(uint32_t type, uint64_t site) const;
  /// Offset from the thread pointer of a place in the TLS segment of an executable (psABI, TLS variant II).
  int64_t thread_pointer_offset(uint64_t tls_offset) const;
};

/// @param objects that it was linked from: only read for an executable whose linker made its global symbols local
/// @param debug_file has the .symtab of a stripped module (objcopy --only-keep-debug), "" if there is none
/// Errors: E_ELF (no executable or shared library, truncated), E_ARCHITECTURE (for another machine), E_STRIPPED (no .symtab),
/// E_LOCALIZED (the objects are needed, and were not given).
Result<std::shared_ptr<const Module>> read_module(const std::string& path,
                                                  const std::vector<std::string>& objects = {},
                                                  const std::string& debug_file = "",
                                                  Machines machines = Machines::kX86_64);

}  // namespace hotreload

#endif
