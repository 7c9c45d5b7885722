// Functions whose code stayed the same while their lines moved: what a debugger shows of them is out of date.
#ifndef HOTRELOAD_ELF_LINES_H
#define HOTRELOAD_ELF_LINES_H

#include <string>
#include <vector>

#include "correspondence.h"
#include "result.h"

namespace hotreload {

/// Keys of the functions of the new version whose rows in the line table (DWARF 5, 6.2) name other files or lines than those
/// of the old version, also for code of others that was inlined into them. It is for code that is the same: of code that
/// changed it says nothing. Both objects are read from their files. Errors: E_ELF, E_RELOCATION.
Result<std::vector<std::string>> moved_functions(const Correspondence& match);

}  // namespace hotreload

#endif
