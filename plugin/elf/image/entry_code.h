// How the entry of a function of an ordinary build can be overwritten by a jump.
#ifndef HOTRELOAD_IMAGE_ENTRY_CODE_H
#define HOTRELOAD_IMAGE_ENTRY_CODE_H

#include <cstdint>
#include <string>

#include "../core/module.h"
#include "../core/result.h"
#include "record.h"

namespace hotreload {

/// The redirect of a function, all but its target and name.
/// A jump takes five bytes, behind endbr64 if there is room. What executes inside the function may come back to within
/// those bytes (a loop that begins there): then kLeaveFirst is set, and set as well where that cannot be ruled out.
/// Errors: E_FUNCTION_SMALL.
Result<RedirectRecord> examine_entry(const Module& module, const std::string& name, const ModuleSymbol& symbol);

}  // namespace hotreload

#endif
