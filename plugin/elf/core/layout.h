// Layouts of types, types of variables and signatures of functions, before and after: what lives keeps its shape.
#ifndef HOTRELOAD_ELF_LAYOUT_H
#define HOTRELOAD_ELF_LAYOUT_H

#include <string>
#include <vector>

#include "result.h"

namespace hotreload {

struct LayoutChange {
  std::string code;     ///< E_LAYOUT, E_VARIABLE, E_FUNCTION
  std::string message;  ///< names the type, the member, and both offsets or sizes
  std::string symbol;   ///< of a function whose signature changed, or its plain name where DWARF has no other; else ""
  std::string file;     ///< where it is declared now
  unsigned line;
  std::string type;     ///< of E_LAYOUT: the type, as find_type_uses() knows it
};

/// Compares what both objects describe in their DWARF (4 or 5) and what does not come from the system's headers:
/// - types: sizes, members with their offsets and types, bases, virtual functions, bit-fields, the type below an enum;
/// - variables: their types;
/// - functions: their parameters and results, which C and static functions can change without changing their name.
/// An object whose types cannot be seen (no debug information, -g1, a .dwo that is not there) is a change itself.
/// Errors: E_ELF (DWARF that cannot be read).
Result<std::vector<LayoutChange>> compare_layouts(const std::string& before, const std::string& after);

}  // namespace hotreload

#endif
