// The debug information of an object, in one piece that libdw can read: relocated, its type units joined, its .dwo opened.
#ifndef HOTRELOAD_ELF_DEBUG_INFO_H
#define HOTRELOAD_ELF_DEBUG_INFO_H

#include <elfutils/libdw.h>
#include <libelf.h>

#include <memory>
#include <string>
#include <vector>

#include "result.h"

namespace hotreload {

/// Code of an object that is not linked has no addresses; here each of its sections gets 4 GiB of its own.
inline uint64_t code_address(uint32_t section, uint64_t offset) { return (uint64_t(section) << 32) + offset; }

/// Sections of one kind, joined, as libdw wants to have them; owns what it reads.
class DebugSections {
 public:
  /// Reads an object or a .dwo file. Errors: E_ELF; E_RELOCATION (a type that debug information does not have).
  static Result<std::unique_ptr<DebugSections>> read(const std::string& path);
  ~DebugSections();
  DebugSections(const DebugSections&) = delete;
  DebugSections& operator=(const DebugSections&) = delete;

  /// Null if the file has no debug information. Owned by this.
  Dwarf* dwarf() const { return dwarf_; }

 private:
  DebugSections() = default;
  std::string image_;
  Elf* elf_ = nullptr;
  Dwarf* dwarf_ = nullptr;
};

/// A compilation or type unit whose entries are to be read.
struct DebugUnit {
  Dwarf_Die die;
  /// Whose line table names the files of the unit's declarations, and where relative ones begin.
  Dwarf_Die line_table;
  std::string directory;
  bool is_type;
};

struct DebugInfo {
  std::vector<std::unique_ptr<DebugSections>> sections;  ///< own what the units refer to
  std::vector<DebugUnit> units;
  std::string blind;  ///< why not all types can be seen, "" if they can: "is compiled with -g1"
};

/// Reads all units of an object, DWARF 4 or 5. Where the object was compiled with -gsplit-dwarf, they are read from the .dwo
/// file: the one that has the object's name, else the one that the object names. Errors: as above.
Result<DebugInfo> read_debug_info(const std::string& object);

}  // namespace hotreload

#endif
