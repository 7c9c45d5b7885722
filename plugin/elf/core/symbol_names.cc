// The names of an object's symbols: what it defines for others, what it needs of them, and which state is its own.
#include "symbol_names.h"

#include "names.h"

namespace hotreload {

SymbolNames symbol_names(const Entities& entities) {
  SymbolNames names;
  names.source = entities.object().source_name;
  for (const Symbol& symbol : entities.object().symbols) {
    if (symbol.binding != STB_GLOBAL || symbol.name.empty()) continue;
    if (symbol.section == SHN_UNDEF) {
      names.undefined.emplace_back(symbol.name);
    } else {
      names.defined.emplace_back(symbol.name);
    }
  }
  for (const Entity& entity : entities.all()) {
    const bool writable = entity.kind == Kind::kVariable || entity.kind == Kind::kThreadLocal;
    if (writable && entity.local && !entity.part_of_user && !is_guard(entity.name)) names.statics.push_back(entity.key);
  }
  return names;
}

}  // namespace hotreload
