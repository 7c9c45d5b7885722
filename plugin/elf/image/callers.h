// What the callers of a function know about it, in an ordinary optimised build.
//
// gcc -O2 draws conclusions about a function of the same file and puts them into its callers: it calls a specialised copy
// of it (f.constprop.0), or keeps values in registers that the function happens not to use (-fipa-ra). Callers that are
// replaced together with the function are consistent with it; the others are examined here.
#ifndef HOTRELOAD_IMAGE_CALLERS_H
#define HOTRELOAD_IMAGE_CALLERS_H

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "../core/diff.h"
#include "../core/module.h"
#include "register_use.h"

namespace hotreload {

class Callers {
 public:
  /// Reads all code of the module once, for calls of the functions at `entries` and of their copies.
  /// @param unchanged functions that were compiled anew together with them and came out the same
  Callers(const Module& module, const std::map<uint64_t, std::string>& entries, const std::set<uint64_t>& unchanged);

  /// Why the function cannot be replaced without one of its callers: E_CALLER. Nothing if it can.
  std::optional<Refusal> check(uint64_t entry, const std::string& name) const;
  /// True if the old code of a replaced function relies on registers that another one left alone, which is replaced as well:
  /// no thread may be in it when it goes on to call that one's new code.
  bool must_be_left(uint64_t entry) const;
  /// True if nothing in the module calls the function or takes its address, itself aside, and nothing outside can: its
  /// calls were compiled into its callers.
  bool is_unused(uint64_t entry) const { return used_.count(entry) == 0; }

 private:
  const CodeFunction* containing(uint64_t address) const;
  void find_uses();
  bool is_replaced(const CodeFunction& function) const;
  /// What its code counts on holds for the new versions as well: it was compiled with them.
  bool is_consistent(const CodeFunction& function) const;

  const Module& module_;
  std::map<uint64_t, std::string> entries_;                ///< replaced functions
  std::set<uint64_t> unchanged_;
  std::map<uint64_t, CodeFunction> functions_;             ///< of the module, by address
  std::set<uint64_t> used_;                                ///< of the entries
  std::multimap<uint64_t, uint64_t> sites_;                ///< function -> place of a call or jump to it
  std::multimap<uint64_t, std::pair<uint64_t, std::string>> copies_;  ///< function -> its copies
  RegisterUse register_use_;
};

}  // namespace hotreload

#endif
