// What an instruction does with a displacement that a relocation fills in.
#ifndef HOTRELOAD_ELF_DISPLACEMENT_H
#define HOTRELOAD_ELF_DISPLACEMENT_H

#include <cstdint>
#include <optional>
#include <string_view>

#include "machine.h"

namespace hotreload {

struct Displacement {
  uint64_t end;   ///< of the instruction: a pc-relative displacement counts from there
  bool accessed;  ///< what is at that very place is read or written: no address is taken, no register added
};

/// @param function offset in `code` from which on it is decoded
/// @param site offset of the 32-bit displacement
/// Nothing if there is no instruction with a displacement there.
std::optional<Displacement> displacement_at(Machine machine, std::string_view code, uint64_t function, uint64_t site);

}  // namespace hotreload

#endif
