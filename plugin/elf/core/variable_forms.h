// How optimisers keep a variable: whole, in parts, as one bit of it, or not at all. A live value can follow no change of it.
#ifndef HOTRELOAD_ELF_VARIABLE_FORMS_H
#define HOTRELOAD_ELF_VARIABLE_FORMS_H

#include <string>
#include <vector>

#include "layout.h"

namespace hotreload {

/// Static variables that both objects declare and keep in different forms, as their DWARF says it: clang splits a small
/// structure into its members, keeps of a variable that is only ever set to one value whether it is set, and any compiler
/// makes a constant of one that is never written. Errors: E_ELF.
Result<std::vector<LayoutChange>> compare_variable_forms(const std::string& before, const std::string& after);

}  // namespace hotreload

#endif
