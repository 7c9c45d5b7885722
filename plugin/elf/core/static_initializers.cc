// Compares the code between taking the guard of a function static and releasing it (Itanium C++ ABI 3.3.3).
#include "static_initializers.h"

#include <algorithm>
#include <map>

#include "code_tokens.h"
#include "names.h"

namespace hotreload {

namespace {

using Tokens = std::multiset<std::string>;

bool mentions(const Instruction& instruction, std::string_view text) {
  return std::any_of(instruction.tokens.begin(), instruction.tokens.end(), [&](const CodeToken& token) { return token.text == text; });
}

class Flow {
 public:
  explicit Flow(const std::vector<Instruction>& code) : code_(code) {
    for (size_t i = 0; i < code.size(); i++) at_[code[i].start] = i;
    before_.resize(code.size());
    for (size_t i = 0; i < code.size(); i++) {
      for (const size_t next : behind(i)) before_[next].push_back(i);
    }
  }

  /// The instructions that are run between `taken` and any call that releases, without another one that acquires.
  std::set<size_t> held_from(size_t taken) const {
    const auto ends = [&](size_t i) { return mentions(code_[i], "__cxa_guard_acquire") || mentions(code_[i], "__cxa_guard_release"); };
    const std::set<size_t> reached = walk(behind(taken), [&](size_t i) { return ends(i) ? std::vector<size_t>{} : behind(i); });
    std::vector<size_t> releasing;
    for (const size_t i : reached) {
      if (mentions(code_[i], "__cxa_guard_release")) releasing.insert(releasing.end(), before_[i].begin(), before_[i].end());
    }
    const std::set<size_t> leading = walk(releasing, [&](size_t i) { return ends(i) ? std::vector<size_t>{} : before_[i]; });
    std::set<size_t> held;
    for (const size_t i : reached) {
      if (!ends(i) && leading.count(i) > 0) held.insert(i);
    }
    return held;
  }

 private:
  std::vector<size_t> behind(size_t i) const {
    std::vector<size_t> next;
    if (code_[i].goes_on && i + 1 < code_.size()) next.push_back(i + 1);
    const auto target = code_[i].jumps_to ? at_.find(*code_[i].jumps_to) : at_.end();
    if (target != at_.end()) next.push_back(target->second);
    return next;
  }

  template <typename Next>
  static std::set<size_t> walk(std::vector<size_t> pending, Next next) {
    std::set<size_t> seen;
    while (!pending.empty()) {
      const size_t i = pending.back();
      pending.pop_back();
      if (!seen.insert(i).second) continue;
      for (const size_t one : next(i)) pending.push_back(one);
    }
    return seen;
  }

  const std::vector<Instruction>& code_;
  std::map<uint64_t, size_t> at_;
  std::vector<std::vector<size_t>> before_;
};

/// For each guard that the function uses, by what it goes by: what is done while it is held. Where no calls take and
/// release it (-fno-threadsafe-statics), that may be anything that the function does.
std::map<std::string, Tokens> guarded_code(const Entities& entities, const Entity& function, const EntityName& name_of) {
  const std::vector<Instruction> code = instructions_of(entities, function, name_of);
  const Flow flow(code);
  std::map<std::string, Tokens> found;
  std::set<const Entity*> used;
  const auto add = [&](const Instruction& instruction, Tokens* tokens) {
    for (const CodeToken& token : instruction.tokens) {
      if (!token.entity || !is_guard(token.entity->name)) tokens->insert(token.text);
    }
  };
  const Entity* guard = nullptr;
  for (size_t i = 0; i < code.size(); i++) {
    for (const CodeToken& token : code[i].tokens) {
      if (token.entity && is_guard(token.entity->name)) used.insert(guard = token.entity);
    }
    if (!guard || !mentions(code[i], "__cxa_guard_acquire")) continue;
    Tokens& held = found[name_of(*guard)];
    for (const size_t one : flow.held_from(i)) add(code[one], &held);
  }
  for (const Entity* one : used) {
    Tokens& tokens = found[name_of(*one)];
    if (!tokens.empty()) continue;
    for (const Instruction& instruction : code) add(instruction, &tokens);
  }
  return found;
}

}  // namespace

std::vector<std::string> changed_static_initializers(const Correspondence& match, const std::set<std::string>& functions) {
  std::set<std::string> changed;
  for (const std::string& key : functions) {
    const Entity* now = match.after().find(key);
    const Entity* old = now ? match.before_of(*now) : nullptr;
    if (!old) continue;
    const auto before = guarded_code(match.before(), *old, [](const Entity& entity) { return entity.key; });
    if (before.empty()) continue;
    const auto after = guarded_code(match.after(), *now, [&](const Entity& entity) { return match.name_of(entity); });
    for (const auto& [guard, code] : after) {
      const auto found = before.find(guard);
      if (found != before.end() && found->second != code) changed.insert("_Z" + guard.substr(4));  // _ZGVZ1fvE1n -> _ZZ1fvE1n
    }
  }
  return {changed.begin(), changed.end()};
}

}  // namespace hotreload
