// Where the functions and variables that a fix names live in the module that it is for.
//
// Without the objects that the module was linked from, its symbol table decides: a static of the translation unit with
// the same source name first, then a global, then a static whose name there is only one of.
#ifndef HOTRELOAD_IMAGE_RESOLVE_H
#define HOTRELOAD_IMAGE_RESOLVE_H

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "../core/correspondence.h"
#include "../core/entity.h"
#include "../core/exports.h"
#include "../core/locate.h"
#include "../core/module.h"
#include "../core/result.h"

namespace hotreload {

/// One object of a fix.
struct FixObject {
  std::string path;
  std::shared_ptr<const Entities> after;
  std::shared_ptr<const Entities> before;   ///< what was linked into the module, where it is at hand; else null
  std::shared_ptr<const Located> located;   ///< with `before`: its local symbols
  std::shared_ptr<const Correspondence> match;  ///< with `before`: what each thing was there
};

class Resolver {
 public:
  /// @param unit source name of the translation unit whose statics are meant, "" if it was not said
  /// @param renames name in the fix -> name in the module (--replace)
  Resolver(const Module& module, const Exports& libraries, std::string unit, std::map<std::string, std::string> renames);

  /// The module's own symbol for something that the object defines; nothing if it is new.
  /// Errors: E_LOCATE (several statics of that name).
  Result<std::optional<ModuleSymbol>> of_entity(const FixObject& object, const Entity& entity) const;
  /// The module's own symbol for something that the object does not define; nothing if libraries must have it.
  /// Errors: E_LOCATE.
  Result<std::optional<ModuleSymbol>> of_external(const std::string& name) const;
  bool in_library(const std::string& name) const { return libraries_.symbols.count(name) > 0; }
  /// The type of a library's symbol (STT_FUNC, ...).
  uint8_t library_type(const std::string& name) const;
  /// The name most like this one that the module has, "" if none is near.
  std::string closest(const std::string& name) const;
  /// A specialised copy of a function (f.constprop.0) that the module has; "" if there is none.
  std::string specialised_copy(const std::string& name) const;
  /// By what name the module knows a function of the fix.
  const std::string& old_name(const std::string& name) const;

 private:
  struct Static {
    const UnitSymbols* unit;
    ModuleSymbol symbol;
  };
  const ModuleSymbol* in_unit(std::string_view source, const std::string& name) const;
  Result<std::optional<ModuleSymbol>> only_static(const std::string& name, bool numbered) const;

  const Module& module_;
  const Exports& libraries_;
  const std::string unit_;
  const std::map<std::string, std::string> renames_;
  std::unordered_multimap<std::string_view, Static> statics_;  ///< by the name without its number
};

}  // namespace hotreload

#endif
