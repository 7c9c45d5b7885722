// Who has objects of a type: what a changed layout would break, and whether it can be alive outside of a frame.
#ifndef HOTRELOAD_ELF_TYPE_USES_H
#define HOTRELOAD_ELF_TYPE_USES_H

#include <string>
#include <vector>

#include "result.h"

namespace hotreload {

struct TypeUse {
  enum class Form {
    kLocal,   ///< a function has objects of the type, or arrays of them, among its local variables
    kEscape,  ///< anything else: a static variable, a member, a base, a pointer, a parameter, a template argument
  };
  std::string type;
  Form form;
  std::string user;  ///< in words: "the variable sun", "step()"
  /// Of kLocal: linkage names of the functions that contain the code, by itself or inlined.
  std::vector<std::string> functions;
};

/// All uses of the types (named as in LayoutChange::type) that the DWARF of an object shows. The object parameter of a
/// type's own methods is none. Errors: as read_debug_info().
Result<std::vector<TypeUse>> find_type_uses(const std::string& object, const std::vector<std::string>& types);

}  // namespace hotreload

#endif
