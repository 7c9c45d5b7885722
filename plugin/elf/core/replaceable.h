// Whether the entry of a function that the process has can lead to new code, and to nobody's but its own.
#ifndef HOTRELOAD_ELF_REPLACEABLE_H
#define HOTRELOAD_ELF_REPLACEABLE_H

#include <vector>

#include "canonical.h"
#include "diff.h"

namespace hotreload {

/// Why not (E_FUNCTION); empty if it can be replaced. `entry` is its address in the process.
std::vector<Refusal> check_replaceable(const Canonicals& canonicals, const PatchObject& object, const Entity& function,
                                       uint64_t entry);

}  // namespace hotreload

#endif
