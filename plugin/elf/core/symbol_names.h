// The names of an object's symbols: what it defines for others, what it needs of them, and which state is its own.
#ifndef HOTRELOAD_ELF_SYMBOL_NAMES_H
#define HOTRELOAD_ELF_SYMBOL_NAMES_H

#include <string>
#include <vector>

#include "entity.h"

namespace hotreload {

/// Each list without repetitions, in the order of the symbol table.
struct SymbolNames {
  std::string source;                  ///< the file's name as the compiler noted it, without directories
  std::vector<std::string> defined;    ///< strong: a program has one definition of each
  std::vector<std::string> undefined;  ///< strong references
  std::vector<std::string> statics;    ///< keys of writable variables of this translation unit alone
};

SymbolNames symbol_names(const Entities& entities);

}  // namespace hotreload

#endif
