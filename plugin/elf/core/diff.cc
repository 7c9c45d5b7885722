// Compares two versions of an object, entity by entity, and names what no running process can follow.
#include "diff.h"

#include <algorithm>
#include <map>
#include <set>

#include "digest.h"
#include "indirect.h"
#include "names.h"
#include "start_functions.h"
#include "static_initializers.h"

namespace hotreload {

namespace {

bool is_compared(const Entity& entity) {
  return !entity.part_of_user && !is_construction(entity.name) && !(entity.kind == Kind::kFunction && is_initializer(entity.name));
}

bool is_writable(const Entity& entity) {
  return entity.kind == Kind::kVariable || entity.kind == Kind::kThreadLocal;
}

const char* text_of(Kind kind) {
  switch (kind) {
    case Kind::kFunction: return "function";
    case Kind::kVariable: return "variable";
    case Kind::kConstant: return "constant";
    case Kind::kThreadLocal: return "thread-local variable";
  }
  return "";
}

class Comparison {
 public:
  explicit Comparison(const Correspondence& match)
      : match_(match), before_(match.before()), after_(match.after()) {}

  Diff run() {
    for (const Entity& entity : after_.all()) {
      if (!is_compared(entity)) continue;
      const Entity* old = match_.before_of(entity);
      if (!old || !is_compared(*old)) {
        compare_new(entity);
      } else {
        compare(*old, entity);
      }
    }
    collect_removed();
    compare_families();
    compare_names();
    compare_initializers();
    // What is new among them hides what changed, until it is known what constructs it (plan.cc).
    if (diff_.initialized.empty()) diff_.initializers = hotreload::compare_initializers(match_);
    diff_.static_initializers = changed_static_initializers(match_, changed_);
    compare_start_functions();
    compare_left_behind();
    for (Refusal& refusal : compare_indirect(match_, changed_)) diff_.refusals.push_back(std::move(refusal));
    return std::move(diff_);
  }

 private:
  void refuse(const char* code, const Entity& entity, const std::string& what) {
    diff_.refusals.push_back({code, what, entity.name});
  }

  void compare_new(const Entity& entity) {
    if (is_writable(entity)) {
      diff_.new_variables.push_back(entity.key);
      if (is_guard(entity.name)) compare_guard(entity);
    } else if (entity.kind == Kind::kFunction && !entity.local && !entity.weak) {
      diff_.new_functions.push_back(entity.key);
    }
  }

  /// Code that finds a guard as nobody has taken it initializes what the guard is for, though that has been in use.
  void compare_guard(const Entity& guard) {
    if (!is_function_static(guard.name)) return;
    const Entity* variable = after_.find("_Z" + guard.key.substr(4));  // _ZGVZ1fvE1n -> _ZZ1fvE1n
    if (!variable || !match_.before_of(*variable)) return;
    refuse("E_INITIALIZER", *variable,
           "the static variable " + demangle(variable->name) +
               " began with a constant and has an initializer now, which would run and take its value away");
  }

  void collect_removed() {
    for (const Entity& old : before_.all()) {
      if (old.kind != Kind::kFunction || !is_compared(old) || match_.after_of(old)) continue;
      // Of clang's own making, always the same, and not laid out to be redirected when it comes back.
      if (old.name == "__clang_call_terminate") continue;
      diff_.removed_functions.push_back(old.key);
    }
  }

  void compare(const Entity& old, const Entity& entity) {
    const std::string name = demangle(entity.name);
    if (old.kind != entity.kind) {
      refuse("E_VARIABLE", entity, name + " was a " + text_of(old.kind) + " and is a " + text_of(entity.kind) + " now");
      return;
    }
    if (is_writable(entity) && old.size != entity.size) {
      refuse("E_VARIABLE", entity,
             "the size of " + name + " changed from " + std::to_string(old.size) + " to " +
                 std::to_string(entity.size) + " bytes");
      return;
    }
    if (is_writable(entity)) compare_users(old, entity);
    if (entity.kind != Kind::kFunction) return compare_contents(old, entity, name);
    if (old_digests_.of(old) == new_digests_.of(entity)) return;
    diff_.changed_functions.push_back(entity.key);
    changed_.insert(entity.key);
  }

  void compare_contents(const Entity& old, const Entity& entity, const std::string& name) {
    // Labels of computed goto change with the code that they belong to.
    if (after_.refers_into_function(entity)) return;
    if (old_digests_.of_contents(old) == new_digests_.of_contents(entity)) return;
    if (is_writable(entity)) {
      diff_.changed_initializers.push_back(entity.key);
    } else if (is_virtual_table(entity.name)) {
      refuse("E_VTABLE", entity, "the " + name + " changed");
    } else if (is_type_information(entity.name)) {
      refuse("E_LAYOUT", entity, "the " + name + " changed (its base classes)");
    } else if (old.size == entity.size) {
      diff_.changed_constants.push_back(entity.key);
    } else {
      // A pointer into the old one that the program has stored does not fit the bounds that new code knows.
      refuse("E_CONSTANT", entity,
             "the size of the constant " + name + " changed from " + std::to_string(old.size) + " to " +
                 std::to_string(entity.size) + " bytes, and pointers to it may be in use");
    }
  }

  /// Several statics of one name in one function: their numbers follow their order, so that after an insertion each would
  /// take over the value of another. Refuse where they are not the same ones as before.
  void compare_families() {
    std::map<std::string, std::set<std::string>> old_families, new_families;
    for (const Entity& entity : before_.all()) add_family(entity, &old_families);
    for (const Entity& entity : after_.all()) {
      const Entity* old = match_.before_of(entity);
      add_family(old ? *old : entity, &new_families);
      family_members_[old ? old->key : entity.key] = &entity;
    }
    const std::set<std::string> initialized(diff_.changed_initializers.begin(), diff_.changed_initializers.end());
    for (const auto& [family, keys] : new_families) {
      const auto old = old_families.find(family);
      if (old == old_families.end() || (keys == old->second && keys.size() == 1)) continue;
      // clang takes a structure apart into `s.0`, `s.1`: the numbers are those of its members.
      const bool parts = after_.from_clang() && keys.count(family) == 0;
      if (parts && keys == old->second) continue;
      bool moved = keys != old->second;
      for (const std::string& key : keys) moved = moved || initialized.count(family_members_.at(key)->key) > 0 || has_changed_user(key);
      if (!moved) continue;
      diff_.refusals.push_back({"E_VARIABLE",
                                "several static variables are named " + demangle(family) +
                                    ": which of them is which after the change cannot be told",
                                family});
    }
  }

  void add_family(const Entity& entity, std::map<std::string, std::set<std::string>>* families) {
    if (!is_writable(entity) || is_guard(entity.name)) return;
    if (!entity.local && !is_function_static(entity.name)) return;
    const std::string family(static_family(entity.name));
    (*families)[family].insert(entity.key);
  }

  /// In C, gcc gives statics of several functions the same name: their users tell them apart, as far as they differ.
  bool has_changed_user(const std::string& key) const {
    const Entity& entity = *family_members_.at(key);
    if (!entity.users.empty() && !entity.ambiguous) return false;
    for (const std::string& user : after_.users_of(entity)) {
      if (changed_.count(user) > 0) return true;
    }
    return false;
  }

  /// A variable that has another name now would start anew. That one is gone and another one like it is new can be nothing
  /// else than a coincidence; but it cannot be told.
  void compare_names() {
    const std::vector<std::string> added = diff_.new_variables;
    for (const Entity& old : before_.all()) {
      if (!is_writable(old) || is_guard(old.name) || old.part_of_user || match_.after_of(old)) continue;
      for (const std::string& key : added) {
        const Entity& entity = *after_.find(key);
        if (is_guard(entity.name) || entity.local != old.local || scope_of(entity) != scope_of(old)) continue;
        if (old_digests_.of_contents(old) != new_digests_.of_contents(entity)) continue;
        refuse("E_VARIABLE", entity,
               "the variable " + shown(old) + " is gone and " + shown(entity) +
                   ", like it, is new: if it was renamed, its value would be lost");
        break;
      }
    }
  }

  static std::string shown(const Entity& entity) { return demangle(without_number(entity.name)); }

  /// What the variable belongs to: a namespace, a class, a function.
  static std::string scope_of(const Entity& entity) {
    if (!entity.users.empty()) return *entity.users.begin();
    const std::string text = demangle(entity.name);
    const size_t end = text == entity.name ? text.find('.') : text.rfind("::");
    return end == std::string::npos ? "" : text.substr(0, end);
  }

  /// A static of C that moved to another function is another variable, though gcc gives it the name of the old one.
  void compare_users(const Entity& old, const Entity& entity) {
    if (old.users.empty() || entity.users.empty()) return;
    for (const std::string& user : entity.users) {
      if (old.users.count(user) > 0) return;
    }
    refuse("E_VARIABLE", entity,
           "the static variable " + std::string(without_number(entity.name)) + " of " + *old.users.begin() +
               "() is gone, and " + *entity.users.begin() + "() has one of the same name");
  }

  /// Functions marked to run at start-up: one that is new has to run now.
  void compare_start_functions() {
    std::set<const Entity*> old;
    for (const Entity* entity : start_functions(before_)) old.insert(entity);
    for (const Entity* entity : start_functions(after_)) {
      if (is_initializer(entity->name) || old.count(match_.before_of(*entity)) > 0) continue;
      diff_.start_functions.push_back(entity->key);
    }
  }

  /// Initializers never run again as a whole: what is new needs its own.
  void compare_initializers() {
    const std::set<std::string> added(diff_.new_variables.begin(), diff_.new_variables.end());
    std::set<std::string> initialized;
    for (const Entity& entity : after_.all()) {
      if (added.empty() || entity.kind != Kind::kFunction || !is_initializer(entity.name)) continue;
      for (const Relocation& relocation : after_.object().sections[entity.section].relocations) {
        if (relocation.offset < entity.offset || relocation.offset >= entity.offset + entity.size) continue;
        const Target target = after_.target_of(entity.section, relocation);
        if (target.form != Target::Form::kEntity || added.count(target.entity->key) == 0) continue;
        if (is_function_static(target.entity->name) || !initialized.insert(target.entity->key).second) continue;
        diff_.initialized.push_back(target.entity->key);
      }
    }
  }

  /// Closures that live keep the code of a lambda that has no successor; so does a static variable in it, for them alone.
  void compare_left_behind() {
    std::set<std::string> lambdas(match_.left_behind().begin(), match_.left_behind().end()), functions;
    if (lambdas.empty()) return;
    for (const Entity& old : before_.all()) {
      if (old.part_of_user || !may_mention_anonymous(old.name) || match_.after_of(old)) continue;
      const std::string text = demangle(old.name);
      for (const Anonymous& mention : anonymous_in(text)) {
        if (lambdas.count(text.substr(mention.begin, mention.end - mention.begin)) == 0) continue;
        functions.insert(mention.scope);
        if (is_writable(old) && !is_guard(old.name)) refuse_left_behind(old, mention.scope);
      }
    }
    diff_.left_behind.assign(functions.begin(), functions.end());
  }

  /// The new version has a variable of this name in a lambda that may be the same one, or not.
  void refuse_left_behind(const Entity& variable, const std::string& scope) {
    const auto name_of = [](const Entity& entity) { return without_anonymous_numbers(entity.name, demangle(entity.name)); };
    const std::string name = name_of(variable);
    const bool stays = std::any_of(after_.all().begin(), after_.all().end(), [&](const Entity& entity) {
      return is_writable(entity) && match_.is_renewed(entity) && name_of(entity) == name;
    });
    if (!stays || !reported_.insert(variable.key).second) return;
    refuse("E_LAMBDA", variable,
           "the lambdas of " + (scope.empty() ? "this file" : scope) + " cannot be matched with those before: the value of " +
               demangle(variable.name) + " would be lost");
  }

  const Correspondence& match_;
  const Entities& before_;
  const Entities& after_;
  Diff diff_;
  std::set<std::string> changed_, reported_;
  std::map<std::string, const Entity*> family_members_;  // by the keys that they had
  Digester old_digests_{before_};
  Digester new_digests_{after_, [this](const Entity& entity) { return match_.name_of(entity); }};
};

}  // namespace

Diff diff_entities(const Correspondence& match) { return Comparison(match).run(); }

Diff diff_entities(std::shared_ptr<const Entities> before, std::shared_ptr<const Entities> after) {
  return diff_entities(*Correspondence::of(std::move(before), std::move(after)));
}

}  // namespace hotreload
