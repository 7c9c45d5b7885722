// Where the functions and variables of an object are declared: file and line, for messages and to find them in the source.
#ifndef HOTRELOAD_ELF_PLACES_H
#define HOTRELOAD_ELF_PLACES_H

#include <string>
#include <unordered_map>

#include "result.h"

namespace hotreload {

struct Place {
  std::string file;  ///< absolute
  unsigned line;
  std::string name;  ///< as it is written there: `count` of `_ZL5count`
  /// Of a static variable: the operations that lead to its value, without addresses; "" if it has no place of its own.
  std::string form;
  bool parameters = false;  ///< of a function: it has some
};

/// Symbol or `scope::name` -> where it is declared. Function statics of C go by `function.name`, as clang calls them, and by
/// `name.`, which is what gcc puts before their number. Empty if there is no debug information. Errors: E_ELF.
Result<std::unordered_map<std::string, Place>> read_places(const std::string& object);

}  // namespace hotreload

#endif
