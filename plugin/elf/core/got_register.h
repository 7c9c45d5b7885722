// Whether a register of position-independent code of 32-bit x86 holds the address of the GOT where it is used.
#ifndef HOTRELOAD_ELF_GOT_REGISTER_H
#define HOTRELOAD_ELF_GOT_REGISTER_H

#include "entity.h"

namespace hotreload {

/// True if the instruction with the displacement at `site` adds it to the address of the GOT and to nothing else: then
/// the place that it means is the one that its relocation names. False as well where that cannot be seen.
bool counts_from_got(const Object& object, const Entity& function, uint64_t site);

}  // namespace hotreload

#endif
