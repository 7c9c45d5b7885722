// Global symbols that a linker made local: mold does so with all that an executable does not export.
#ifndef HOTRELOAD_ELF_LOCALIZED_H
#define HOTRELOAD_ELF_LOCALIZED_H

#include <string>
#include <vector>

#include "module.h"

namespace hotreload {

/// True for an executable whose main is local: by its own tables, globals cannot be told from statics.
bool has_localized_globals(const Module& module);

/// Tells them apart by the objects that the module was linked from. A name that is global in one file and static in
/// another file of the same name stays local, so that nothing is bound to it. Errors: E_ELF for an object that cannot be
/// read.
Result<Nothing> restore_globals(const std::vector<std::string>& objects, Module* module);

}  // namespace hotreload

#endif
