// What changed from one version of an object to the next: NEW, CHANGED, SAME for each function and variable.
#ifndef HOTRELOAD_ELF_DIFF_H
#define HOTRELOAD_ELF_DIFF_H

#include <string>
#include <vector>

#include "correspondence.h"
#include "entity.h"
#include "initializer_changes.h"
#include "result.h"

namespace hotreload {

/// Why a change cannot be applied to a running process. `symbol` is the mangled name that it is about.
struct Refusal {
  std::string code;
  std::string message;
  std::string symbol;
};

struct Diff {
  std::vector<std::string> changed_functions;  ///< keys, in the order of the new object
  std::vector<std::string> new_functions;      ///< keys; global ones only: others come with the code that uses them
  std::vector<std::string> removed_functions;  ///< keys of the old version
  std::vector<std::string> new_variables;      ///< keys; writable and thread-local, local ones too
  std::vector<std::string> changed_initializers;  ///< keys of variables that begin with other contents of the same size
  std::vector<std::string> changed_constants;     ///< keys of constants that have other contents of the same size
  std::vector<std::string> initialized;      ///< keys of new variables that initializers of the file refer to
  std::vector<std::string> start_functions;  ///< keys of new functions that are marked to run at start-up
  InitializerChanges initializers;           ///< dynamic ones, of variables that were there
  std::vector<std::string> static_initializers;  ///< keys of function statics that are initialized by other code
  std::vector<std::string> left_behind;        ///< functions of the old version whose lambdas keep their code
  std::vector<Refusal> refusals;

  bool empty() const {
    return changed_functions.empty() && new_functions.empty() && new_variables.empty() &&
           changed_initializers.empty() && changed_constants.empty() && start_functions.empty() &&
           initializers.variables.empty() && !initializers.others && refusals.empty();
  }
};

/// Both versions of one translation unit. Comparing an object with itself gives an empty Diff.
Diff diff_entities(const Correspondence& match);
Diff diff_entities(std::shared_ptr<const Entities> before, std::shared_ptr<const Entities> after);

}  // namespace hotreload

#endif
