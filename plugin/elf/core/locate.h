// Finds where the local functions and variables of an object ended up in the module that it was linked into.
#ifndef HOTRELOAD_ELF_LOCATE_H
#define HOTRELOAD_ELF_LOCATE_H

#include <string>
#include <unordered_map>

#include "entity.h"
#include "module.h"
#include "result.h"

namespace hotreload {

/// Key of each local entity -> its symbol in the module.
using Located = std::unordered_map<std::string, ModuleSymbol>;

/// A module names its translation units by the base name of their source alone, so that two of them can have the same.
/// The one meant is that whose code refers to its own locals: the bytes of the functions in the module are compared
/// with the object, and each pc-relative reference to a local symbol must lead to where that symbol is.
/// @param original the object as it was linked into the module
/// Errors: E_LOCATE (no translation unit fits, or several do).
Result<Located> locate_locals(const Module& module, const Entities& original);

}  // namespace hotreload

#endif
