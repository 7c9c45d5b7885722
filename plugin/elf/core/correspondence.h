// Which function or variable of the new version of an object is which one of the old version.
//
// Mostly the one of the same key. Lambdas and unnamed types are numbered, so that others of their function decide what
// they are called; `static` changes the mangled name; and a function whose callers must call it in another way than before
// is a new thing beside the old, which frames on a stack go on calling.
#ifndef HOTRELOAD_ELF_CORRESPONDENCE_H
#define HOTRELOAD_ELF_CORRESPONDENCE_H

#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "anonymous_match.h"
#include "entity.h"

namespace hotreload {

class Correspondence {
 public:
  /// @param renewed names of functions that are new things although the old version has them too
  static std::shared_ptr<const Correspondence> of(std::shared_ptr<const Entities> before,
                                                  std::shared_ptr<const Entities> after,
                                                  const std::set<std::string>& renewed = {});

  const Entities& before() const { return *before_; }
  const Entities& after() const { return *after_; }
  /// What the entity was in the old version; null if it is new.
  const Entity* before_of(const Entity& after) const;
  const Entity* after_of(const Entity& before) const;
  /// A new thing, whatever the process has under its name.
  bool is_renewed(const Entity& after) const { return renewed_.count(&after) > 0; }
  /// It goes on under another name, or is static where it was not, or the reverse.
  bool is_renamed(const Entity& after) const;
  /// What an entity of the new version goes by in digests: the key that it had.
  std::string name_of(const Entity& after) const;
  /// Of the old version, lambdas that have no successor: closures that live keep their code.
  const std::vector<std::string>& left_behind() const { return anonymous_.left_behind; }

 private:
  Correspondence(std::shared_ptr<const Entities> before, std::shared_ptr<const Entities> after)
      : before_(std::move(before)), after_(std::move(after)) {}
  void pair(const std::set<std::string>& renewed);
  void pair_anonymous(const std::vector<const Entity*>& mentioning);
  void pair_relinked();
  void take(const Entity& after, const Entity* before);

  std::shared_ptr<const Entities> before_, after_;
  AnonymousMatch anonymous_;
  std::unordered_map<const Entity*, const Entity*> to_before_, to_after_;
  std::set<const Entity*> renewed_;
};

}  // namespace hotreload

#endif
