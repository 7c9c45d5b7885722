// Pairs the entities of two versions.
#include "correspondence.h"

#include "names.h"

namespace hotreload {

std::shared_ptr<const Correspondence> Correspondence::of(std::shared_ptr<const Entities> before,
                                                         std::shared_ptr<const Entities> after,
                                                         const std::set<std::string>& renewed) {
  std::shared_ptr<Correspondence> made(new Correspondence(std::move(before), std::move(after)));
  made->pair(renewed);
  return made;
}

void Correspondence::take(const Entity& after, const Entity* before) {
  if (!before) return;
  to_before_[&after] = before;
  to_after_[before] = &after;
}

void Correspondence::pair(const std::set<std::string>& renewed) {
  anonymous_ = match_anonymous(*before_, *after_);
  std::vector<const Entity*> mentioning;
  for (const Entity& entity : after_->all()) {
    if (entity.kind == Kind::kFunction && renewed.count(entity.name) > 0) {
      renewed_.insert(&entity);
    } else if (!anonymous_.trivial && !entity.part_of_user && may_mention_anonymous(entity.name)) {
      mentioning.push_back(&entity);
    } else {
      take(entity, before_->find(entity.key));
    }
  }
  pair_anonymous(mentioning);
  pair_relinked();
}

void Correspondence::pair_anonymous(const std::vector<const Entity*>& mentioning) {
  if (mentioning.empty()) return;
  // By the name without numbers, which tells C1 from C2, and by the text with them.
  std::unordered_map<std::string, const Entity*> old;
  std::set<std::string> twice;
  const auto key_of = [](const std::string& name, const std::string& text, const std::string& full) {
    return without_anonymous_numbers(name, text) + "\n" + full;
  };
  for (const Entity& entity : before_->all()) {
    if (entity.part_of_user || !may_mention_anonymous(entity.name)) continue;
    const std::string text = demangle(entity.name), key = key_of(entity.name, text, text);
    if (!old.emplace(key, &entity).second) twice.insert(key);
  }
  for (const Entity* entity : mentioning) {
    const std::string text = demangle(entity->name);
    std::string renamed;
    if (anonymous_.old_text(text, &renamed)) {
      const std::string key = key_of(entity->name, text, renamed);
      const auto found = old.find(key);
      if (found != old.end() && twice.count(key) == 0) {
        take(*entity, found->second);
        continue;
      }
    }
    renewed_.insert(entity);
  }
}

/// `static int n` is _ZL1n, `int n` is _Z1n or n: one that only changed its linkage is the same thing.
void Correspondence::pair_relinked() {
  std::unordered_map<std::string, std::vector<const Entity*>> old;
  for (const Entity& entity : before_->all()) {
    const bool gone = to_after_.count(&entity) == 0 && !entity.part_of_user && !after_->find(entity.key);
    if (gone) old[without_linkage(entity.name)].push_back(&entity);
  }
  if (old.empty()) return;
  std::unordered_map<std::string, std::vector<const Entity*>> now;
  for (const Entity& entity : after_->all()) {
    const bool arrived = to_before_.count(&entity) == 0 && !entity.part_of_user && !is_renewed(entity);
    if (arrived && !before_->find(entity.key)) now[without_linkage(entity.name)].push_back(&entity);
  }
  for (const auto& [name, entities] : now) {
    auto found = old.find(name);
    // A global variable outside of namespaces is not mangled at all.
    if (found == old.end() && name.compare(0, 2, "_Z") != 0) found = old.find("_Z" + std::to_string(name.size()) + name);
    if (found == old.end() && name.compare(0, 2, "_Z") == 0) {
      const size_t letters = name.find_first_not_of("0123456789", 2);
      if (letters != std::string::npos) found = old.find(name.substr(letters));
    }
    if (found == old.end() || entities.size() != 1 || found->second.size() != 1) continue;
    const Entity* before = found->second.front();
    const bool storage = before->kind == entities.front()->kind;
    if (storage && before->name != entities.front()->name) take(*entities.front(), before);
  }
}

const Entity* Correspondence::before_of(const Entity& after) const {
  const auto found = to_before_.find(&after);
  return found == to_before_.end() ? nullptr : found->second;
}

const Entity* Correspondence::after_of(const Entity& before) const {
  const auto found = to_after_.find(&before);
  return found == to_after_.end() ? nullptr : found->second;
}

bool Correspondence::is_renamed(const Entity& after) const {
  const Entity* old = before_of(after);
  return old && (old->key != after.key || old->local != after.local);
}

std::string Correspondence::name_of(const Entity& after) const {
  const Entity* old = before_of(after);
  if (old) return old->key;
  return is_renewed(after) ? after.key + " (new)" : after.key;
}

}  // namespace hotreload
