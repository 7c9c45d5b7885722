// Initializers that changed of variables that exist: they do not run again, so the report has to say so.
#ifndef HOTRELOAD_ELF_INITIALIZER_CHANGES_H
#define HOTRELOAD_ELF_INITIALIZER_CHANGES_H

#include <set>
#include <string>
#include <vector>

#include "correspondence.h"

namespace hotreload {

struct InitializerChanges {
  /// Keys of variables that were there before: code near that which initializes them differs. Compilers initialize all of
  /// a file in one function, so that one beside it may be meant.
  std::vector<std::string> variables;
  /// Code differs that no variable can be told of: the optimiser left out the variable, or there are new ones beside it,
  /// for whose sake optimisers arrange the code of others anew.
  bool others = false;
};

/// Compares the code of all initializers, instruction bytes and what they refer to.
/// @param seen_to where there are new variables with initializers: tokens (code_tokens.h) of the code that constructs each
///   of them alone. What else is new is told.
InitializerChanges compare_initializers(const Correspondence& match, const std::multiset<std::string>* seen_to = nullptr);

}  // namespace hotreload

#endif
