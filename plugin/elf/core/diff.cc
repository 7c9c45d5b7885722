// Compares two versions of an object, entity by entity, and names what no running process can follow.
#include "diff.h"

#include <map>
#include <set>

#include "digest.h"
#include "names.h"

namespace hotreload {

namespace {

bool is_compared(const Entity& entity) {
  return !entity.part_of_user && !(entity.kind == Kind::kFunction && is_initializer(entity.name));
}

bool is_writable(const Entity& entity) {
  return entity.kind == Kind::kVariable || entity.kind == Kind::kThreadLocal;
}

class Comparison {
 public:
  Comparison(const Entities& before, const Entities& after) : before_(before), after_(after) {}

  Diff run() {
    for (const Entity& entity : after_.all()) {
      if (!is_compared(entity)) continue;
      const Entity* old = before_.find(entity.key);
      if (!old || !is_compared(*old)) {
        compare_new(entity);
      } else {
        compare(*old, entity);
      }
    }
    compare_families();
    compare_initializers();
    compare_constructors();
    compare_lambdas();
    compare_lambda_places();
    return std::move(diff_);
  }

 private:
  void refuse(const char* code, const Entity& entity, const std::string& what) {
    diff_.refusals.push_back({code, what, entity.name});
  }

  void compare_new(const Entity& entity) {
    if (is_writable(entity)) {
      if (!was_relinked(entity)) diff_.new_variables.push_back(entity.key);
    } else if (entity.kind == Kind::kFunction && !entity.local && !entity.weak) {
      diff_.new_functions.push_back(entity.key);
    }
  }

  /// C++ mangles static and global variables differently: `static int n` is _ZL1n, `int n` is n. One that only changed its
  /// linkage would start anew.
  bool was_relinked(const Entity& entity) {
    for (const Entity& old : before_.all()) {
      if (!is_writable(old) || is_guard(old.name) || is_guard(entity.name) || old.local == entity.local) continue;
      if (demangle(old.name) != demangle(entity.name) || after_.find(old.key)) continue;
      refuse("E_VARIABLE", entity, "the variable " + demangle(entity.name) + " became " +
                                       (entity.local ? "static" : "global") + ": its value would be lost");
      return true;
    }
    return false;
  }

  void compare(const Entity& old, const Entity& entity) {
    const std::string name = demangle(entity.name);
    if (old.kind != entity.kind) {
      const bool constant = !is_writable(old) && !is_writable(entity);
      if (constant && old.kind != Kind::kFunction && entity.kind != Kind::kFunction) return;
      refuse("E_VARIABLE", entity, name + " is now another kind of symbol");
      return;
    }
    if (is_writable(entity) && old.size != entity.size) {
      refuse("E_VARIABLE", entity,
             "the size of " + name + " changed from " + std::to_string(old.size) + " to " +
                 std::to_string(entity.size) + " bytes");
      return;
    }
    if (is_writable(entity)) compare_users(old, entity);
    const Digest old_digest = Digester(before_).of(old), new_digest = Digester(after_).of(entity);
    if (entity.kind == Kind::kFunction) note_lambda(entity, old_digest, new_digest);
    if (old_digest == new_digest) return;
    switch (entity.kind) {
      case Kind::kFunction:
        diff_.changed_functions.push_back(entity.key);
        changed_.insert(entity.key);
        return;
      case Kind::kVariable:
      case Kind::kThreadLocal:
        // Labels of computed goto change with the code that they belong to.
        if (!after_.refers_into_function(entity)) diff_.kept_initializers.push_back(entity.key);
        return;
      case Kind::kConstant: compare_constant(entity, name); return;
    }
  }

  void compare_constant(const Entity& entity, const std::string& name) {
    if (is_virtual_table(entity.name)) {
      refuse("E_VTABLE", entity, "the " + name + " changed");
    } else if (is_type_information(entity.name)) {
      refuse("E_LAYOUT", entity, "the " + name + " changed (its base classes)");
    } else if (!entity.local && !entity.weak) {
      refuse("E_CONSTANT", entity, "the constant " + name + " changed, and other files may use it");
    }
    // A local or inline constant is compared as part of the functions that use it.
  }

  /// Several statics of one name in one function: their numbers follow their order, so that after an insertion each would
  /// take over the value of another. Refuse where they are not the same ones as before.
  void compare_families() {
    std::map<std::string, std::set<std::string>> old_families, new_families;
    for (const Entity& entity : before_.all()) add_family(entity, &old_families);
    for (const Entity& entity : after_.all()) add_family(entity, &new_families);
    const std::set<std::string> initialized(diff_.kept_initializers.begin(), diff_.kept_initializers.end());
    for (const auto& [family, keys] : new_families) {
      const auto old = old_families.find(family);
      if (old == old_families.end() || (keys.size() == 1 && old->second.size() == 1)) continue;
      bool moved = keys != old->second || (ambiguous_.count(family) > 0 && !changed_.empty());
      for (const std::string& key : keys) moved = moved || initialized.count(key) > 0;
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
    if (entity.ambiguous) ambiguous_.insert(family);
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

  /// Functions marked to run at start-up: one that is new would have to run now.
  void compare_constructors() {
    for (size_t index = 0; index < after_.object().sections.size(); index++) {
      const Section& section = after_.object().sections[index];
      if (section.name.substr(0, 11) != ".init_array" && section.name.substr(0, 6) != ".ctors") continue;
      for (const Relocation& relocation : section.relocations) {
        const Target target = after_.target_of(uint32_t(index), relocation);
        if (target.form != Target::Form::kEntity || is_initializer(target.entity->name)) continue;
        if (before_.find(target.entity->key)) continue;
        refuse("E_INITIALIZER", *target.entity,
               demangle(target.entity->name) + " is a new constructor function, which would have to run");
      }
    }
  }

  /// Initializers never run again: a new variable that needs one cannot come in.
  void compare_initializers() {
    const std::set<std::string> added(diff_.new_variables.begin(), diff_.new_variables.end());
    if (added.empty()) return;
    for (const Entity& entity : after_.all()) {
      if (entity.kind == Kind::kFunction && is_initializer(entity.name)) refuse_initialized(entity, added);
    }
  }

  void refuse_initialized(const Entity& initializer, const std::set<std::string>& added) {
    const Section& section = after_.object().sections[initializer.section];
    for (const Relocation& relocation : section.relocations) {
      if (relocation.offset < initializer.offset || relocation.offset >= initializer.offset + initializer.size) continue;
      const Target target = after_.target_of(initializer.section, relocation);
      if (target.form != Target::Form::kEntity || added.count(target.entity->key) == 0) continue;
      if (is_function_static(target.entity->name) || !reported_.insert(target.entity->key).second) continue;
      refuse("E_INITIALIZER", *target.entity,
             "the new variable " + demangle(target.entity->name) + " has a constructor that would have to run");
    }
  }

  /// A lambda is named by its number among those of its function. If one is inserted, closures that live would run the
  /// code of another: refuse unless the lambdas that both versions have are the same.
  void compare_lambdas() {
    std::map<std::string, std::set<int>> old_numbers, new_numbers;
    for (const Entity& entity : before_.all()) add_lambdas(entity, &old_numbers);
    for (const Entity& entity : after_.all()) add_lambdas(entity, &new_numbers);
    std::set<std::string> reported;
    for (const std::string& key : diff_.changed_functions) {
      for (const LambdaMention& mention : lambdas_in(key)) {
        const auto old = old_numbers.find(mention.family);
        if (old == old_numbers.end() || old->second == new_numbers[mention.family]) continue;
        if (!reported.insert(mention.family).second) continue;
        const std::string scope = mention.family.substr(0, mention.family.rfind("::"));
        diff_.refusals.push_back({"E_LAMBDA",
                                  "lambdas were added to or removed from " + scope +
                                      ": closures that are alive cannot be matched with the new code",
                                  key});
      }
    }
  }

  void note_lambda(const Entity& function, const Digest& old_digest, const Digest& new_digest) {
    const std::vector<LambdaMention> mentions = lambdas_in(function.name);
    if (mentions.empty()) return;
    old_lambdas_[{mentions.back().family, old_digest}] = function.key;
    if (old_digest != new_digest) new_lambdas_.push_back({mentions.back().family, new_digest, function.key});
  }

  /// Two lambdas that change places keep their numbers: the code of one is now that of the other.
  void compare_lambda_places() {
    for (const auto& [family, digest, key] : new_lambdas_) {
      const auto old = old_lambdas_.find({family, digest});
      if (old == old_lambdas_.end() || old->second == key) continue;
      diff_.refusals.push_back({"E_LAMBDA",
                                "lambdas of " + family.substr(0, family.rfind("::")) +
                                    " changed places: closures that are alive would run each other's code",
                                key});
      return;
    }
  }

  static void add_lambdas(const Entity& entity, std::map<std::string, std::set<int>>* numbers) {
    for (const LambdaMention& mention : lambdas_in(entity.name)) (*numbers)[mention.family].insert(mention.number);
  }

  const Entities& before_;
  const Entities& after_;
  Diff diff_;
  std::set<std::string> changed_, ambiguous_, reported_;
  struct Lambda {
    std::string family;
    Digest digest;
    std::string key;
  };
  std::map<std::pair<std::string, Digest>, std::string> old_lambdas_;
  std::vector<Lambda> new_lambdas_;
};

}  // namespace

Diff diff_entities(const Entities& before, const Entities& after) { return Comparison(before, after).run(); }

}  // namespace hotreload
