// Lays a fix out as a loadable image and resolves what can be resolved before it has an address.
//
// The linker of the system cannot do this: it makes no shared library of objects that were not compiled for one, and a
// fix is compiled as the program was. The places that depend on addresses of the process are left as fixups.
#ifndef HOTRELOAD_IMAGE_IMAGE_H
#define HOTRELOAD_IMAGE_IMAGE_H

#include <map>
#include <set>
#include <string>
#include <vector>

#include "record.h"
#include "references.h"

namespace hotreload {

/// A function to replace, as the module and as the fix has it.
struct Replacement {
  std::string name;  ///< mangled, as in the module
  uint32_t object;
  const Entity* function;
  RedirectRecord entry;  ///< all but target and name
};

/// New bytes for a variable of the module.
struct Edit {
  std::string name;
  uint64_t address;
  uint64_t size;
  std::string value;                     ///< used if `variable` is null
  uint32_t object = 0;
  const Entity* variable = nullptr;      ///< the initializer that the object has
};

struct Added {
  std::string name;  ///< key by which later patches know it
  bool is_function;
};

struct ImageInput {
  std::shared_ptr<const Module> module;
  std::string module_name;  ///< base name
  const std::vector<FixObject>* objects;
  References* references;
  std::vector<Replacement> replacements;
  std::vector<Edit> edits;
  std::string description;  ///< JSON
};

struct Image {
  std::string payload;
  std::vector<Added> added;
};

/// Errors: E_UNDEFINED, E_LOCATE, E_RELOCATION (a form that cannot be bound; the message says what to compile with),
/// E_THREAD_LOCAL, E_CALLER (a static function of 32-bit x86 whose arguments are elsewhere), E_ELF.
Result<Image> build_image(ImageInput input);

}  // namespace hotreload

#endif
