// Pairs lambdas and unnamed types by what DWARF says of their functions, and by their code.
#include "anonymous_match.h"

#include <algorithm>
#include <set>

#include "closures.h"
#include "digest.h"
#include "names.h"

namespace hotreload {

namespace {

struct One {
  std::string name;          ///< `f(int)::{lambda()#2}`
  std::string scope, kind;
  int number;
  std::string contents;      ///< what all functions that mention it are made of
};

using Known = std::map<std::string, One>;                           // by name
using Groups = std::map<std::pair<std::string, std::string>, std::vector<const One*>>;  // by scope and kind, by number

std::string text_of(const Digest& digest) {
  return std::string(reinterpret_cast<const char*>(digest.data()), sizeof digest);
}

Known collect(const Entities& entities) {
  Digester digester(entities, [](const Entity& entity) {
    if (!may_mention_anonymous(entity.name)) return entity.key;
    return without_anonymous_numbers(entity.name, demangle(entity.name));
  });
  Known known;
  for (const Entity& entity : entities.all()) {
    if (entity.part_of_user || !may_mention_anonymous(entity.name)) continue;
    const std::string text = demangle(entity.name);
    const std::vector<Anonymous> mentions = anonymous_in(text);
    if (mentions.empty()) continue;
    std::string contents;
    // What a variable holds at first is no part of the code that a closure runs.
    if (entity.kind == Kind::kFunction) {
      contents = without_anonymous_numbers(entity.name, text) + text_of(digester.of(entity)) + "\n";
    }
    for (const Anonymous& mention : mentions) {
      const std::string name = text.substr(mention.begin, mention.end - mention.begin);
      One& one = known[name];
      one.name = name;
      one.scope = mention.scope;
      one.kind = mention.kind;
      one.number = mention.number;
      one.contents += contents;
    }
  }
  return known;
}

bool is_same(const Known& before, const Known& after) {
  return before.size() == after.size() &&
         std::equal(before.begin(), before.end(), after.begin(), [](const auto& a, const auto& b) {
           return a.first == b.first && a.second.contents == b.second.contents;
         });
}

class Matching {
 public:
  Matching(const Known& before, const Known& after, Closures old_closures, Closures new_closures)
      : before_(before), after_(after), old_closures_(std::move(old_closures)), new_closures_(std::move(new_closures)) {
    for (const auto& [name, one] : before_) old_groups_[{one.scope, one.kind}].push_back(&one);
    for (const auto& [name, one] : after_) new_groups_[{one.scope, one.kind}].push_back(&one);
    for (Groups* groups : {&old_groups_, &new_groups_}) {
      for (auto& [key, group] : *groups) {
        std::sort(group.begin(), group.end(), [](const One* a, const One* b) { return a->number < b->number; });
        (groups == &old_groups_ ? old_counts_ : new_counts_)[key.first] += group.size();
      }
    }
  }

  AnonymousMatch run() {
    std::vector<Groups::const_iterator> order;
    for (auto group = new_groups_.begin(); group != new_groups_.end(); ++group) order.push_back(group);
    // An outer lambda first: the scope of an inner one mentions it.
    std::stable_sort(order.begin(), order.end(), [](const auto& a, const auto& b) {
      return anonymous_in(a->first.first).size() < anonymous_in(b->first.first).size();
    });
    for (const auto& group : order) pair_group(group->first.first, group->first.second, group->second);
    for (const auto& [name, one] : after_) {
      match_.trivial = match_.trivial && match_.old_names[name] == name;
    }
    for (const auto& [name, one] : before_) {
      if (taken_.count(name) == 0) match_.left_behind.push_back(name);
    }
    match_.trivial = match_.trivial && match_.left_behind.empty();
    return std::move(match_);
  }

 private:
  using Group = std::vector<const One*>;

  void take(const One* now, const One* old) {
    match_.old_names[now->name] = old ? old->name : "";
    if (old) taken_.insert(old->name);
  }

  void pair_group(const std::string& scope, const std::string& kind, const Group& now) {
    std::string old_scope;
    const bool outer_known = match_.old_text(scope, &old_scope);
    const auto found = outer_known ? old_groups_.find({old_scope, kind}) : old_groups_.end();
    if (found == old_groups_.end()) {
      for (const One* one : now) take(one, nullptr);
      return;
    }
    const Group& old = found->second;
    if (!holds_the_same(scope, old_scope) || !pair_by_order(kind, old, now)) pair_by_contents(old, now);
  }

  /// True if DWARF shows that the lambdas of the function are as many and capture the same as before.
  bool holds_the_same(const std::string& scope, const std::string& old_scope) const {
    const std::vector<std::string>* old = closures_of(old_closures_, outermost_function(old_scope));
    const std::vector<std::string>* now = closures_of(new_closures_, outermost_function(scope));
    if (!old || !now || *old != *now) return false;
    return old_counts_.at(old_scope) <= old->size() && new_counts_.at(scope) <= now->size();
  }

  /// Of a function that was inlined everywhere, clang describes them outside of it.
  static const std::vector<std::string>* closures_of(const Closures& closures, const std::string& function) {
    auto found = closures.find(function);
    if (found == closures.end()) found = closures.find("");
    return found == closures.end() ? nullptr : &found->second;
  }

  bool pair_by_order(const std::string& kind, const Group& old, const Group& now) {
    std::vector<std::pair<const One*, const One*>> pairs;
    if (kind == "$_") {
      // One numbering for the file, and in the order of the code that is made, not of the source.
      if (old.size() != now.size()) return false;
      for (size_t i = 0; i < now.size(); i++) pairs.emplace_back(now[i], old[i]);
    } else {
      for (const One* one : now) {
        const auto same = std::find_if(old.begin(), old.end(), [&](const One* o) { return o->number == one->number; });
        pairs.emplace_back(one, same == old.end() ? nullptr : *same);
      }
    }
    size_t edited = 0;
    for (const auto& [one, partner] : pairs) {
      if (partner && partner->contents == one->contents) continue;
      edited++;
      // Its code was that of another one: they changed places.
      for (const One* other : old) {
        if (other != partner && other->contents == one->contents) return false;
      }
    }
    if (kind == "$_" && edited > 1) return false;
    for (const auto& [one, partner] : pairs) take(one, partner);
    return true;
  }

  void pair_by_contents(const Group& old, const Group& now) {
    std::set<const One*> used;
    for (const One* one : now) {
      const auto same = std::find_if(old.begin(), old.end(), [&](const One* other) {
        return used.count(other) == 0 && other->contents == one->contents;
      });
      take(one, same == old.end() ? nullptr : *same);
      if (same != old.end()) used.insert(*same);
    }
  }

  const Known& before_;
  const Known& after_;
  const Closures old_closures_, new_closures_;
  Groups old_groups_, new_groups_;
  std::map<std::string, size_t> old_counts_, new_counts_;
  AnonymousMatch match_;
  std::set<std::string> taken_;
};

}  // namespace

bool AnonymousMatch::old_text(const std::string& text, std::string* renamed) const {
  const std::vector<Anonymous> mentions = anonymous_in(text);
  renamed->clear();
  size_t behind = 0;
  for (size_t i = 0; i < mentions.size(); i++) {
    // One that stands in the scope of a later one is part of that one's name.
    const bool inside = std::any_of(mentions.begin() + long(i) + 1, mentions.end(), [&](const Anonymous& later) {
      return later.begin <= mentions[i].begin && later.end >= mentions[i].end;
    });
    if (inside) continue;
    const auto found = old_names.find(text.substr(mentions[i].begin, mentions[i].end - mentions[i].begin));
    if (found == old_names.end() || found->second.empty()) return false;
    *renamed += text.substr(behind, mentions[i].begin - behind) + found->second;
    behind = mentions[i].end;
  }
  *renamed += text.substr(behind);
  return true;
}

AnonymousMatch match_anonymous(const Entities& before, const Entities& after) {
  const Known old = collect(before), now = collect(after);
  if (is_same(old, now)) return {};
  // What cannot be read is not known to be the same.
  auto old_closures = read_closures(before.object().path), new_closures = read_closures(after.object().path);
  return Matching(old, now, old_closures ? std::move(old_closures.value()) : Closures{},
                  new_closures ? std::move(new_closures.value()) : Closures{})
      .run();
}

}  // namespace hotreload
