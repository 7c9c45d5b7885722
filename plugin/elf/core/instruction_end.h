// Where the instruction ends that a displacement belongs to: a pc-relative one counts from there.
#ifndef HOTRELOAD_ELF_INSTRUCTION_END_H
#define HOTRELOAD_ELF_INSTRUCTION_END_H

#include <cstdint>
#include <optional>
#include <string_view>

namespace hotreload {

/// @param function offset in `code` from which on it is decoded
/// @param site offset of the 32-bit displacement
/// Nothing if there is no instruction with a displacement there.
std::optional<uint64_t> end_of_instruction(std::string_view code, uint64_t function, uint64_t site);

}  // namespace hotreload

#endif
