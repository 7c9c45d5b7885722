// What code does, apart from registers, distances and places on the stack: the operations, values and things that its
// instructions name. Two compilations of one piece of source have the same tokens more often than the same bytes.
#ifndef HOTRELOAD_ELF_CODE_TOKENS_H
#define HOTRELOAD_ELF_CODE_TOKENS_H

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "entity.h"

namespace hotreload {

/// Moves, calls and jumps are told by what they name alone.
struct CodeToken {
  std::string text;
  const Entity* entity = nullptr;  ///< that it refers to
};

struct Instruction {
  uint64_t start, end;              ///< offsets in the function
  std::vector<CodeToken> tokens;
  bool calls = false;               ///< a call, or a jump to another function in place of one
  bool stores = false;              ///< to something that it names
  bool goes_on = true;              ///< to the instruction behind it
  std::optional<uint64_t> jumps_to;  ///< offset in the function
};

/// What an entity goes by.
using EntityName = std::function<std::string(const Entity&)>;

/// In the order of the code. What cannot be decoded ends the list with a token like no other.
std::vector<Instruction> instructions_of(const Entities& entities, const Entity& function, const EntityName& name_of);

}  // namespace hotreload

#endif
