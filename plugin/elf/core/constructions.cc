// Finds what constructs each new variable.
#include "constructions.h"

#include <algorithm>
#include <map>
#include <set>

#include "code_tokens.h"
#include "digest.h"
#include "names.h"
#include "start_functions.h"

namespace hotreload {

namespace {

constexpr std::string_view kFunction = "hotreload_construct_";

/// `static std::ios_base::Init __ioinit;` of <iostream>, and what its initializer names.
constexpr std::string_view kStreams = "_ZStL8__ioinit";
const char* const kStreamsTokens[] = {"_ZStL8__ioinit", "_ZNSt8ios_base4InitC1Ev"};

bool starts_with(std::string_view text, std::string_view prefix) { return text.substr(0, prefix.size()) == prefix; }

/// Of a demangled name: what comes before `hotreload_construct_N__C()`, with the class C if there is one; the number; and
/// what follows it.
struct Mention {
  std::string scope, rest;
  int number;
};

bool read_mention(const std::string& text, Mention* mention) {
  const size_t at = text.find(kFunction);
  if (at == std::string::npos) return false;
  size_t end = at + kFunction.size();
  mention->scope = text.substr(0, at);
  mention->number = std::atoi(text.c_str() + end);
  const size_t behind = text.find("()", end);
  mention->rest = behind == std::string::npos ? "" : text.substr(behind + 2);
  for (size_t mark = text.find("__", end); mark < behind && behind != std::string::npos; mark = end) {
    end = std::min(text.find("__", mark + 2), behind);
    mention->scope += text.substr(mark + 2, end - mark - 2) + "::";
  }
  return true;
}

class Finder {
 public:
  Finder(const PatchObject& object, const Diff& diff, const Canonicals& canonicals)
      : object_(object), diff_(diff), canonicals_(canonicals), after_(*object.after) {}

  Constructions run() {
    for (const std::string& key : diff_.initialized) {
      const Entity& variable = *after_.find(key);
      if (variable.kind == Kind::kThreadLocal) {
        check_thread_local(variable);
      } else if (is_done(variable)) {
        found_.seen_to.insert(std::begin(kStreamsTokens), std::end(kStreamsTokens));
      } else if (is_guard(variable.name)) {
        add_guard(variable);
      } else if (!canonicals_.of_entity(object_, variable)) {
        needed_.push_back(&variable);
      }
    }
    for (const std::string& key : diff_.start_functions) starting_.push_back(after_.find(key));
    if (needed_.empty() && starting_.empty()) return std::move(found_);
    for (const Entity& entity : after_.all()) {
      if (is_construction_guard(entity.name) && !entity.part_of_user) found_.guard = &entity;
    }
    if (!found_.guard) {
      for (const Entity* variable : needed_) refuse(*variable, "");
      for (const Entity* function : starting_) {
        refuse_with(*function, demangle(function->name) + " is a new constructor function, which would have to run");
      }
    } else if (!take_whole()) {
      take_single();
    }
    return std::move(found_);
  }

 private:
  void refuse_with(const Entity& entity, const std::string& message) {
    found_.refusals.push_back({"E_INITIALIZER", message, entity.name});
  }

  void refuse(const Entity& variable, const std::string& why) {
    refuse_with(variable, "the new variable " + shown(variable) + " has a constructor that would have to run" + why);
  }

  /// clang keeps the members of a static structure apart, as `fresh.0`; if it has only one, that is all of it (is_right).
  static std::string shown(const Entity& variable) { return demangle(std::string(without_number(variable.name))); }

  /// A file that newly includes <iostream> brings an ios_base::Init; one that has run already does for all.
  bool is_done(const Entity& variable) const {
    if (variable.name != kStreams) return false;
    const auto& units = canonicals_.target().module->units;
    return std::any_of(units.begin(), units.end(), [](const UnitSymbols& unit) { return unit.symbols.count(std::string(kStreams)) > 0; });
  }

  /// Each thread initializes all thread-locals of a file at its first use of one: right as long as all of them are new.
  void check_thread_local(const Entity& variable) {
    if (thread_local_checked_) return;
    thread_local_checked_ = true;
    const auto& old = object_.match->before().all();
    const bool had = std::any_of(old.begin(), old.end(), [](const Entity& entity) { return is_thread_initializer(entity.name); });
    if (had) {
      return refuse(variable, " in each thread together with those that the file's thread_local variables had already");
    }
    for_each_initialized([&](const Entity& target) {
      if (target.kind != Kind::kThreadLocal || !object_.match->before_of(target)) return;
      refuse_with(target, "the thread_local " + demangle(target.name) +
                              " has or is used by an initializer now, which threads would run although they use it already");
    });
  }

  /// Calls `visit` with each variable that initializers of the new version refer to.
  template <typename Visit>
  void for_each_initialized(Visit visit) const {
    for (const Entity& function : after_.all()) {
      if (function.kind != Kind::kFunction || !is_initializer(function.name)) continue;
      for (const Relocation& relocation : after_.object().sections[function.section].relocations) {
        if (relocation.offset < function.offset || relocation.offset >= function.offset + function.size) continue;
        const Target target = after_.target_of(function.section, relocation);
        if (target.form == Target::Form::kEntity) visit(*target.entity);
      }
    }
  }

  /// The old version had no initializers, and those of the new one touch nothing that was there.
  bool take_whole() {
    const auto is_ordinary = [](const Entity* function) {
      return is_initializer(function->name) && !is_sanitizer_start(function->name);
    };
    for (const Entity* function : start_functions(object_.match->before())) {
      if (is_ordinary(function)) return false;
    }
    bool whole = true;
    for_each_initialized([&](const Entity& target) {
      if (target.kind != Kind::kVariable || is_guard(target.name)) return;
      const bool elsewhere = !target.weak && canonicals_.of_entity(object_, target);
      if (object_.match->before_of(target) || elsewhere) whole = false;
    });
    if (!whole) return false;
    found_.whole = true;
    for (const Entity* function : start_functions(after_)) {
      const bool fresh = std::find(starting_.begin(), starting_.end(), function) != starting_.end();
      if (fresh || is_ordinary(function)) found_.calls.push_back(function);
    }
    return true;
  }

  struct Function {
    const Entity* entity = nullptr;
    std::vector<const Entity*> statics;
    bool is_alone = true;  ///< nothing else is named after it: a lambda in the initializer would be
    bool is_called = false;
  };

  void take_single() {
    std::map<int, Function> functions;
    for (const Entity& entity : after_.all()) {
      Mention mention;
      if (!is_construction(entity.name) || !read_mention(without_tags(demangle(entity.name)), &mention)) continue;
      Function& function = functions[mention.number];
      if (mention.rest.empty() && entity.kind == Kind::kFunction) {
        if (!entity.part_of_user) function.entity = &entity;
      } else if (entity.kind == Kind::kVariable && starts_with(entity.name, "_ZZ")) {
        function.statics.push_back(&entity);
        found_.stands_for[&entity] = variable_of(mention);
      } else if (!is_guard(entity.name) && !is_clone(entity.name)) {
        function.is_alone = false;
      }
    }
    for (const Entity* variable : needed_) {
      const auto of = std::find_if(functions.begin(), functions.end(), [&](const auto& entry) {
        const auto& statics = entry.second.statics;
        return std::any_of(statics.begin(), statics.end(), [&](const Entity* one) { return found_.stands_for[one] == variable; });
      });
      if (of == functions.end() || !of->second.entity) {
        refuse(*variable, ", and its initializer cannot be told from the others of its file");
      } else if (!of->second.is_alone || !is_right(of->second)) {
        refuse(*variable, ", which cannot be done for it alone (there is a lambda or a temporary in it, or another variable with it, or it is optimised)");
      } else {
        of->second.is_called = true;
      }
    }
    // Their numbers follow the order of the file.
    for (const auto& [number, function] : functions) {
      if (!function.is_called) continue;
      found_.calls.push_back(function.entity);
      add_tokens(*function.entity);
    }
    found_.calls.insert(found_.calls.end(), starting_.begin(), starting_.end());
  }

  /// Of an inline variable: the initializers look at its guard, and set it.
  void add_guard(const Entity& guard) {
    for (int i = 0; i < 4; i++) found_.seen_to.insert(object_.match->name_of(guard));
    for (const char* token : {"value 0", "value 1", "setz", "setnz"}) found_.seen_to.insert(token);
  }

  void add_tokens(const Entity& function) {
    const auto name_of = [this](const Entity& entity) {
      const auto found = found_.stands_for.find(&entity);
      return object_.match->name_of(found != found_.stands_for.end() && found->second ? *found->second : entity);
    };
    for (const Entity& part : after_.all()) {
      const bool own = &part == &function || (part.kind == Kind::kFunction && is_clone_of(part, function));
      if (!own) continue;
      for (const Instruction& instruction : instructions_of(after_, part, name_of)) {
        for (const CodeToken& token : instruction.tokens) found_.seen_to.insert(token.text);
      }
    }
  }

  const Entity* variable_of(const Mention& mention) const {
    const std::string name = mention.scope + mention.rest.substr(std::min<size_t>(2, mention.rest.size()));
    const auto found = std::find_if(needed_.begin(), needed_.end(), [&](const Entity* variable) {
      return without_tags(shown(*variable)) == name;
    });
    return found == needed_.end() ? nullptr : *found;
  }

  /// All that it constructs is new, and begins with the same contents as the static that stands for it.
  bool is_right(const Function& function) {
    return std::all_of(function.statics.begin(), function.statics.end(), [&](const Entity* one) {
      const Entity* variable = found_.stands_for[one];
      return variable && variable->size == one->size && digests_.of_contents(*variable) == digests_.of_contents(*one);
    });
  }

  const PatchObject& object_;
  const Diff& diff_;
  const Canonicals& canonicals_;
  const Entities& after_;
  std::vector<const Entity*> needed_, starting_;
  bool thread_local_checked_ = false;
  Constructions found_;
  Digester digests_{*object_.after};
};

}  // namespace

Constructions find_constructions(const PatchObject& object, const Diff& diff, const Canonicals& canonicals) {
  return Finder(object, diff, canonicals).run();
}

}  // namespace hotreload
