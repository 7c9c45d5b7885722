// A free part of the address space near a module, where an image can be loaded.
#ifndef HOTRELOAD_INJECT_ROOM_H
#define HOTRELOAD_INJECT_ROOM_H

#include <optional>

#include "modules.h"

namespace hotreload {

/// Every byte of it is within reach of every byte of the module.
/// @param bits of the program
/// @param attempt counts from 0: another place each time
std::optional<uint64_t> find_room(const std::vector<Mapping>& mappings, const ProcessModule& module, uint64_t size,
                                  int bits, int attempt);

}  // namespace hotreload

#endif
