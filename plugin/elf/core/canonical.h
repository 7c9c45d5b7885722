// Canonical addresses: where each function and variable that already exists lives in the running process.
#ifndef HOTRELOAD_ELF_CANONICAL_H
#define HOTRELOAD_ELF_CANONICAL_H

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <set>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "correspondence.h"
#include "entity.h"
#include "locate.h"
#include "module.h"

namespace hotreload {

/// A module of the project as it is loaded in the process. Addresses are those of the process.
struct LoadedModule {
  std::shared_ptr<const Module> module;
  uint64_t bias;
  uint64_t tls_module;  ///< the dynamic loader's id, 0 if it has no TLS
};

/// Something that an earlier patch brought.
struct Introduced {
  std::string module;  ///< path of the module that the patch is for
  std::string object;  ///< of a local symbol: the object that it belongs to; else ""
  std::string key;
  Kind kind;
  uint64_t address;     ///< in the process; for a thread-local its offset in the TLS block
  uint64_t size;
  uint64_t tls_module;  ///< of a thread-local: id of the patch library
  /// It was there before: the patch only gave it another name.
  bool renamed = false;
  /// Of a variable that a patch brought or gave other initial contents: the pointers in them, by their offset.
  std::vector<std::pair<uint64_t, uint64_t>> pointers;
};

/// A function that the process has and the project no longer: `object` is "" for a global one.
struct Removed {
  std::string object, key;
  bool weak = false;  ///< other objects may still have it
  bool operator<(const Removed& other) const { return std::tie(object, key) < std::tie(other.object, other.key); }
};

/// One object of a patch, in the versions that matter.
struct PatchObject {
  std::string id;                             ///< path of the object: names the translation unit
  std::shared_ptr<const Entities> before;     ///< what the process runs; null for a file that is new to it
  std::shared_ptr<const Entities> after;      ///< what it shall run
  std::shared_ptr<const Located> located;     ///< local symbols of the version that was linked into the module
  /// `after` as it was built, if that is another form of it that can construct its new variables: else null.
  std::shared_ptr<const Entities> built = nullptr;
  /// The version that the lines of the process are of, if they shall be brought up to date: else null.
  std::shared_ptr<const Entities> lines = nullptr;
  /// Of both versions; made by plan_patch.
  std::shared_ptr<const Correspondence> match = nullptr;
};

struct Canonical {
  uint64_t address = 0;  ///< in the process; of a thread-local: 0
  bool thread_local_storage = false;
  uint64_t tls_module = 0, tls_offset = 0;
  std::optional<int64_t> thread_pointer_offset;  ///< known for the executable's own
};

class Canonicals {
 public:
  /// @param modules of the project, in load order; `target` is the index of the one that is patched
  Canonicals(const std::vector<LoadedModule>& modules, size_t target, const std::vector<Introduced>& introduced);

  /// A function that is gone is nothing that new code can refer to.
  void remove(const std::set<Removed>& removed);
  /// What the object defines under a new name, or anew under an old one, is that for the other objects of the patch too.
  void add_object(const PatchObject& object);

  /// Where references to an entity that `object` defines must lead, if it exists already.
  std::optional<Canonical> of_entity(const PatchObject& object, const Entity& entity) const;
  /// Where something that the version before defines is: of a constant whatever becomes of it now.
  std::optional<Canonical> of_old(const PatchObject& object, const Entity& old) const;
  /// What the last patch that brought the entity, or wrote its initial contents, noted of it; null if there is none.
  const Introduced* record_of(const PatchObject& object, const Entity& entity) const;
  /// Where references to a symbol that the object does not define must lead; nothing if the dynamic loader decides.
  std::optional<Canonical> of_external(const std::string& name) const;
  /// The entry of the target module's own copy of a function: what is to be redirected.
  std::optional<uint64_t> entry_of(const PatchObject& object, const Entity& function) const;
  const LoadedModule& target() const { return modules_[target_]; }

 private:
  using Key = std::pair<std::string, std::string>;  // object or "", key
  /// What the entity was before the change: what the process knows it as. Null for a new thing.
  static const Entity* known_as(const PatchObject& object, const Entity& entity);
  std::optional<Canonical> own(const PatchObject& object, const Entity& known) const;
  std::optional<Canonical> preempted(const PatchObject& object, const Entity& known) const;
  std::optional<Canonical> global(const std::string& name) const;
  static Canonical of_symbol(const LoadedModule& loaded, const ModuleSymbol& symbol);
  static Canonical of_introduced(const Introduced& entry);

  const std::vector<LoadedModule>& modules_;
  size_t target_;
  std::map<Key, const Introduced*> introduced_here_;
  std::map<std::string, const Introduced*> introduced_elsewhere_;
  std::set<std::string> removed_;
  std::map<std::string, std::optional<Canonical>> redefined_;  ///< by objects of this patch: see add_object
};

}  // namespace hotreload

#endif
