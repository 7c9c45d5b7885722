// Function statics whose initializers changed: where control went through one already, it does not run again.
#ifndef HOTRELOAD_ELF_STATIC_INITIALIZERS_H
#define HOTRELOAD_ELF_STATIC_INITIALIZERS_H

#include <set>
#include <string>
#include <vector>

#include "correspondence.h"

namespace hotreload {

/// Keys of the statics of the functions (keys as well) that were there before and are initialized by other code now.
std::vector<std::string> changed_static_initializers(const Correspondence& match, const std::set<std::string>& functions);

}  // namespace hotreload

#endif
