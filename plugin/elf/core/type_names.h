// What the types of a unit are called: names that last from one version to the next, also for types that have none.
#ifndef HOTRELOAD_ELF_TYPE_NAMES_H
#define HOTRELOAD_ELF_TYPE_NAMES_H

#include <elfutils/libdw.h>

#include <string>
#include <unordered_map>

namespace hotreload {

class TypeNames {
 public:
  /// Reads the typedefs at the top of a unit: C names most of its types by them alone. To be called with all units first.
  void read(Dwarf_Die* unit);

  /// With its scope: a name, that of a typedef, `lambda (int)`, or `unnamed 19`, which may stand for several. A type that
  /// was declared before, in another scope, is called as it was there.
  std::string of(Dwarf_Die* type, const std::string& scope);

 private:
  std::string unscoped(Dwarf_Die* type) const;

  std::unordered_map<void*, std::string> declared_;
  std::unordered_map<void*, std::string> typedefs_;
};

/// True for the tag of a structure, class, union or enumeration.
bool is_type(int tag);

/// What an entry says about a function.
enum class FunctionEntry {
  kDefinition,   ///< its source: it has code, or was inlined
  kCopy,         ///< code of a source that stands elsewhere; and what clang has no place for: types of an inlined function
  kDeclaration,  ///< that it exists
};

FunctionEntry function_entry(Dwarf_Die* function);

/// What the names of all that a function contains begin with.
std::string scope_of_function(Dwarf_Die* function, const std::string& scope);

/// The linkage name, else the name with its scope.
std::string linkage_name(Dwarf_Die* die, const std::string& scope);

/// True for a variable that has an address of its own, or one in each thread: not on the stack, not in a register.
bool is_static_variable(Dwarf_Die* variable, bool in_function);

}  // namespace hotreload

#endif
