// Indirect functions (IFUNC): a resolver chose their code when the program started, and does not run again.
#ifndef HOTRELOAD_ELF_INDIRECT_H
#define HOTRELOAD_ELF_INDIRECT_H

#include <set>
#include <string>
#include <vector>

#include "diff.h"

namespace hotreload {

/// @param changed keys of changed functions, in the new version
std::vector<Refusal> compare_indirect(const Correspondence& match, const std::set<std::string>& changed);

}  // namespace hotreload

#endif
