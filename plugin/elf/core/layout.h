// Layouts of types, before and after: an object in memory does not change its shape.
#ifndef HOTRELOAD_ELF_LAYOUT_H
#define HOTRELOAD_ELF_LAYOUT_H

#include <string>
#include <vector>

#include "result.h"

namespace hotreload {

struct LayoutChange {
  std::string message;  ///< names the type, the member, and both offsets or sizes
  std::string file;     ///< where the type is declared now
  unsigned line;
};

/// Compares the types that both objects describe in their DWARF (4 or 5) and that are declared below `root`:
/// sizes, members with their offsets and types, bases, virtual functions, bit-fields, the type below an enum.
/// @param root absolute path of the project's source directory
/// Errors: E_ELF (DWARF that cannot be read). An object without DWARF has no types.
Result<std::vector<LayoutChange>> compare_layouts(const std::string& before, const std::string& after,
                                                  const std::string& root);

}  // namespace hotreload

#endif
