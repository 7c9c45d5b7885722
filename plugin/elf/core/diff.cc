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
    compare_numbered();
    compare_initializers();
    compare_lambdas();
    return std::move(diff_);
  }

 private:
  void refuse(const char* code, const Entity& entity, const std::string& what) {
    diff_.refusals.push_back({code, what, entity.name});
  }

  void compare_new(const Entity& entity) {
    if (is_writable(entity)) {
      diff_.new_variables.push_back(entity.key);
    } else if (entity.kind == Kind::kFunction && !entity.local && !entity.weak) {
      diff_.new_functions.push_back(entity.key);
    }
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
    Digester old_digester(before_), new_digester(after_);
    if (old_digester.of(old) == new_digester.of(entity)) return;
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

  /// Several statics of one name in C: refuse where they cannot be told apart and anything of them moved.
  void compare_numbered() {
    std::map<std::string, std::set<std::string>> old_families, new_families;
    for (const Entity& entity : before_.all()) add_family(entity, &old_families);
    for (const Entity& entity : after_.all()) add_family(entity, &new_families);
    for (const auto& [stem, keys] : new_families) {
      const auto old = old_families.find(stem);
      if (old == old_families.end() || (keys.size() == 1 && old->second.size() == 1)) continue;
      const bool ambiguous = ambiguous_.count(stem) > 0 && !changed_.empty();
      if (keys == old->second && !ambiguous) continue;
      diff_.refusals.push_back({"E_VARIABLE",
                                "several static variables are named " + stem +
                                    ": which of them is which after the change cannot be told",
                                stem});
    }
  }

  void add_family(const Entity& entity, std::map<std::string, std::set<std::string>>* families) {
    if (!entity.local || !is_writable(entity) || entity.key == entity.name) return;
    const std::string stem(without_number(entity.name));
    (*families)[stem].insert(entity.key);
    if (entity.ambiguous) ambiguous_.insert(stem);
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

  static void add_lambdas(const Entity& entity, std::map<std::string, std::set<int>>* numbers) {
    for (const LambdaMention& mention : lambdas_in(entity.name)) (*numbers)[mention.family].insert(mention.number);
  }

  const Entities& before_;
  const Entities& after_;
  Diff diff_;
  std::set<std::string> changed_, ambiguous_, reported_;
};

}  // namespace

Diff diff_entities(const Entities& before, const Entities& after) { return Comparison(before, after).run(); }

}  // namespace hotreload
