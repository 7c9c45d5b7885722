// The initial contents of a variable, as the process has them until the program writes it.
#ifndef HOTRELOAD_ELF_INITIAL_H
#define HOTRELOAD_ELF_INITIAL_H

#include <optional>
#include <string>
#include <vector>

#include "canonical.h"

namespace hotreload {

/// A pointer to something in a library of others: only the dynamic loader knows where it is.
struct ForeignPointer {
  uint64_t offset;
  std::string symbol;
  int64_t addend;
};

struct InitialContents {
  std::string bytes;  ///< pointers included, other than the foreign ones
  std::vector<ForeignPointer> foreign;
};

/// Bytes without relocations, or nothing if there are some.
std::optional<std::string> plain_contents(const Object& object, const Entity& entity);

/// Of a variable of the version before; nothing if one of its pointers cannot be told.
std::optional<InitialContents> initial_contents(const Canonicals& canonicals, const PatchObject& object,
                                                const Entity& old);

/// For each section of the object: true if code that runs before main, or an initializer, can reach what is in it.
std::vector<bool> reached_by_initializers(const Entities& entities);

}  // namespace hotreload

#endif
