// How the variables that a change brings are initialized, without anything that exists being initialized again.
//
// Compilers gather the initializers of a file in one function, which must not run again. So a file whose new variables have
// initializers is compiled once more (plugin/constructions.ts) with a function for each of them: for `A fresh(3);`
//   static void hotreload_construct_0() { static A fresh(3); }
// The compiler makes of that all that constructs one variable, once, and destroys it at exit; references to the
// function's static are bound to the variable itself. Where the old version had no initializers, those of the new
// one are called as they are. All calls go through hotreload_guard(), which an exception does not get out of.
#ifndef HOTRELOAD_ELF_CONSTRUCTIONS_H
#define HOTRELOAD_ELF_CONSTRUCTIONS_H

#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "canonical.h"
#include "diff.h"

namespace hotreload {

struct Constructions {
  const Entity* guard = nullptr;
  std::vector<const Entity*> calls;  ///< functions of the new version, in the order in which they have to run
  std::unordered_map<const Entity*, const Entity*> stands_for;  ///< static of such a function -> the variable
  bool whole = false;                   ///< all initializers of the file are called
  std::multiset<std::string> seen_to;   ///< tokens (code_tokens.h) of what initializes the new variables, else
  std::vector<Refusal> refusals;
};

/// Refuses (E_INITIALIZER) what has no such function. References of canonicals are those of the object's module.
Constructions find_constructions(const PatchObject& object, const Diff& diff, const Canonicals& canonicals);

}  // namespace hotreload

#endif
