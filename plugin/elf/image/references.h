// What each relocation of a fix means once the fix is in a process: a place in the image, in the module, in a library.
#ifndef HOTRELOAD_IMAGE_REFERENCES_H
#define HOTRELOAD_IMAGE_REFERENCES_H

#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "record.h"
#include "resolve.h"

namespace hotreload {

struct Meaning {
  Base base = Base::kNothing;
  uint64_t value = 0;    ///< kModule: address in its file; of a thread-local its offset in the TLS block
  std::string name;      ///< kLibrary, kAdded
  uint32_t object = 0;   ///< kImage, kAdded: section of an object, and `value` counts from its start
  uint32_t section = 0;  ///< 0: a common symbol, by `name`
  bool thread_local_storage = false;
  int64_t addend = 0;
};

class References {
 public:
  References(const Module& module, const std::vector<FixObject>& objects, const Resolver& resolver);

  /// Errors: E_UNDEFINED (with the closest name), E_LOCATE.
  Result<Meaning> of(uint32_t object, uint32_t section, const Relocation& relocation);
  /// Where the module has what the object defines; nothing if the fix brings it.
  Result<std::optional<ModuleSymbol>> existing(uint32_t object, const Entity& entity);
  bool is_library_function(const std::string& name) const;
  /// By what name later patches know it.
  std::string added_name(uint32_t object, const Entity& entity) const;

 private:
  Result<Meaning> of_entity(uint32_t object, const Entity& entity, const Symbol& symbol, const Relocation& relocation);
  Result<Meaning> of_external(uint32_t object, const Symbol& symbol, const Relocation& relocation);
  struct Neighbours {
    const Entity* first = nullptr;
    bool moved = false;  ///< the module has them in another order, or not all
  };
  const Neighbours& neighbours_in(uint32_t object, uint32_t section);
  bool is_certain(uint32_t object, uint32_t section, const Relocation& relocation) const;
  Meaning in_module(const ModuleSymbol& symbol, int64_t addend) const;

  const Module& module_;
  const std::vector<FixObject>& objects_;
  const Resolver& resolver_;
  std::unordered_map<std::string, std::pair<uint32_t, const Entity*>> definitions_;  ///< global ones, the first counts
  std::unordered_map<const Entity*, std::optional<ModuleSymbol>> existing_;
  std::map<std::pair<uint32_t, uint32_t>, Neighbours> neighbours_;  ///< by object and section
};

}  // namespace hotreload

#endif
