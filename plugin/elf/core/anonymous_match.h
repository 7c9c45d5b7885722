// Which lambda of the new version is which one of the old: their numbers shift with every one that comes or goes.
//
// Where the lambdas of a function hold what they held and none came or went, the order tells: their code is replaced, and
// closures that live run it. Otherwise only lambdas whose code is the same are the same ones, under their new numbers; all
// others are new things beside the old, so that a closure that lives never runs code for other captures.
#ifndef HOTRELOAD_ELF_ANONYMOUS_MATCH_H
#define HOTRELOAD_ELF_ANONYMOUS_MATCH_H

#include <map>
#include <string>
#include <vector>

#include "entity.h"

namespace hotreload {

struct AnonymousMatch {
  /// No number changed its meaning; the rest is empty.
  bool trivial = true;
  /// `f(int)::{lambda()#2}` of the new version -> what it was in the old one, "" for one that is new.
  std::map<std::string, std::string> old_names;
  /// Names of the old version that nothing of the new one goes on from, and whose functions have new ones in their place.
  std::vector<std::string> left_behind;

  /// The name with the old numbers; false if it mentions one that is new.
  bool old_text(const std::string& text, std::string* renamed) const;
};

AnonymousMatch match_anonymous(const Entities& before, const Entities& after);

}  // namespace hotreload

#endif
