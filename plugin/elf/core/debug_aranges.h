// Drops the address ranges of what the link left out from .debug_aranges, where debuggers look up the unit of an address.
#ifndef HOTRELOAD_ELF_DEBUG_ARANGES_H
#define HOTRELOAD_ELF_DEBUG_ARANGES_H

#include <cstdint>
#include <string>

namespace hotreload {

/// Edits a linked library in place: of each unit's ranges, those in [start, start + size) are left. What cannot be read
/// stays as it is: only debuggers look at it.
void drop_dead_ranges(std::string* library, uint64_t start, uint64_t size);

}  // namespace hotreload

#endif
