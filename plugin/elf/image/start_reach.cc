// Follows references from initializers and constructor functions.
#include "start_reach.h"

#include "../core/names.h"
#include "../core/start_functions.h"

namespace hotreload {

namespace {

class Walk {
 public:
  explicit Walk(const Entities& entities) : entities_(entities) {}

  std::set<const Entity*> run() {
    for (const Entity& entity : entities_.all()) {
      if (entity.kind == Kind::kFunction && is_initializer(entity.name)) follow(entity);
    }
    pending_ = constructor_functions(entities_);
    transitive_ = true;
    while (!pending_.empty()) {
      const Entity* entity = pending_.back();
      pending_.pop_back();
      follow(*entity);
    }
    return std::move(reached_);
  }

 private:
  void follow(const Entity& from) {
    if (from.section == 0) return;
    for (const Relocation& relocation : entities_.object().sections[from.section].relocations) {
      if (relocation.offset < from.offset || relocation.offset >= from.offset + from.size) continue;
      const Target target = entities_.target_of(from.section, relocation);
      if (target.form == Target::Form::kEntity) reach(target.entity);
    }
  }

  void reach(const Entity* entity) {
    if (!entity) return;
    // Whatever constructor functions come upon is looked through, also if an initializer refers to it.
    if (transitive_ && followed_.insert(entity).second) pending_.push_back(entity);
    reached_.insert(entity);
  }

  const Entities& entities_;
  bool transitive_ = false;
  std::vector<const Entity*> pending_;
  std::set<const Entity*> reached_, followed_;
};

}  // namespace

std::vector<const Entity*> constructor_functions(const Entities& entities) {
  std::vector<const Entity*> found;
  for (const Entity* function : start_functions(entities)) {
    if (!is_initializer(function->name)) found.push_back(function);
  }
  return found;
}

std::set<const Entity*> reached_at_start(const Entities& entities) { return Walk(entities).run(); }

}  // namespace hotreload
