// Functions that become new things beside the old ones, and functions that are gone: whether everybody who uses them is
// part of the patch.
#ifndef HOTRELOAD_ELF_RENEWAL_H
#define HOTRELOAD_ELF_RENEWAL_H

#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "canonical.h"
#include "diff.h"
#include "result.h"

namespace hotreload {

/// Call or jump, directly or through the GOT (Intel SDM vol. 2: E8, E9, 0F 8x, FF /2, FF /4).
bool is_call(const Section& section, const Relocation& relocation);

/// Objects of the module that are not part of the patch, read when they are needed.
class OtherObjects {
 public:
  OtherObjects(const std::vector<std::string>& paths, const Module& module) : paths_(paths), module_(module) {}
  /// Path of the first one that is linked into the module and refers to the symbol, "" if there is none. Errors: E_ELF.
  Result<std::string> user_of(const std::string& symbol);
  /// The first one that is linked into the module and defines the symbol; null if there is none. Errors: E_ELF.
  Result<std::shared_ptr<const Entities>> definer_of(const std::string& symbol);

 private:
  Result<Nothing> read();

  const std::vector<std::string>& paths_;
  const Module& module_;
  bool is_read_ = false;
  std::vector<std::pair<std::string, std::set<std::string>>> undefined_;  // path, names
  std::unordered_map<std::string, std::string> definers_;                 // name -> path
  std::unordered_map<std::string, std::shared_ptr<const Entities>> entities_;
};

/// A function whose callers have to call it in another way than before. Its old version stays for those that stand on a
/// stack; that is right if nobody else keeps its address, and all that call it are replaced with it.
Result<std::vector<Refusal>> check_renewed(const std::vector<PatchObject>& objects,
                                           const std::vector<LoadedModule>& modules, size_t target,
                                           const std::string& name, OtherObjects* others);

}  // namespace hotreload

#endif
