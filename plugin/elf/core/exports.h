// What the shared libraries of a process export, and small stand-ins for them that a link can use instead.
//
// A patch must name the versions of the symbols that it takes from libraries (memcpy@GLIBC_2.14), which the linker reads
// from the library. Reading all of libstdc++ and libc takes ten times as long as the rest of the link: so the linker is
// given stand-ins, which have the name of the library (DT_SONAME) and just those symbols that the patch needs.
#ifndef HOTRELOAD_ELF_EXPORTS_H
#define HOTRELOAD_ELF_EXPORTS_H

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "machine.h"
#include "result.h"

namespace hotreload {

struct Export {
  uint32_t library;     ///< index in Exports::names
  std::string version;  ///< "" if it has none
  uint8_t type;         ///< STT_FUNC, STT_OBJECT, STT_TLS, ...
};

struct Exports {
  std::vector<std::string> names;  ///< DT_SONAME of each library, or its path if it has none
  std::unordered_map<std::string, Export> symbols;
};

/// Default versions only, the first library that has a symbol wins, as with the dynamic loader.
/// A file that cannot be read as a shared library for the machine is left out: what only it has is then reported as undefined.
std::shared_ptr<const Exports> read_exports(const std::vector<std::string>& libraries, Machine machine = Machine::kX86_64);

/// Writes a stand-in for each library that one of the symbols is from; returns their paths, in load order.
/// Errors: E_ELF.
Result<std::vector<std::string>> write_stand_ins(const Exports& exports, const std::vector<std::string>& symbols,
                                                 const std::string& directory);

}  // namespace hotreload

#endif
