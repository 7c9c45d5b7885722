// Follows references from constructors.
#include "construction_reach.h"

#include <algorithm>

#include "names.h"
#include "relocation.h"

namespace hotreload {

namespace {

class Walk {
 public:
  Walk(const ReachQuestion& question, OtherObjects* others) : question_(question), others_(others) {}

  Result<ReachAnswer> run() {
    for (const auto& [object, function] : question_.calls) reach(object, *function);
    while (!pending_.empty() && !answer_.changed) {
      const auto [object, section, start, end] = pending_.back();
      pending_.pop_back();
      auto followed = follow(object, section, start, end);
      if (!followed) return followed.error();
      if (!pending_.empty() || !unknown_ || entered_) continue;
      entered_ = true;
      auto done = enter_everywhere();
      if (!done) return done.error();
    }
    return answer_;
  }

 private:
  struct Range {
    uint32_t object, section;
    uint64_t start, end;
  };

  const Entities& entities(uint32_t object) const {
    const auto& objects = question_.input.objects;
    return object < objects.size() ? *objects[object].after : *opened_[object - objects.size()];
  }

  void reach(uint32_t object, const Entity& entity) {
    if (entity.section == 0 || !seen_.insert({object, entity.section, entity.offset}).second) return;
    if (question_.changed.count({object, entity.section, entity.offset}) > 0 && !answer_.changed) answer_.changed = &entity;
    pending_.push_back({object, entity.section, entity.offset, entity.offset + entity.size});
    if (entity.kind != Kind::kFunction) return;
    const Section& section = entities(object).object().sections[entity.section];
    unknown_ = unknown_ || calls_through_pointer(section, entity);
  }

  Result<Nothing> follow(uint32_t object, uint32_t section, uint64_t start, uint64_t end) {
    const Entities& all = entities(object);
    for (const Relocation& relocation : all.object().sections[section].relocations) {
      if (relocation.offset < start || relocation.offset >= end) continue;
      const Target target = all.target_of(section, relocation);
      if (target.form == Target::Form::kEntity) reach(object, *target.entity);
      if (target.form == Target::Form::kExternal) {
        auto reached = reach_external(std::string(target.name));
        if (!reached) return reached.error();
      }
      if (target.form != Target::Form::kContents || target.offset < 0) continue;
      const uint64_t place = uint64_t(target.offset);
      if (all.object().sections[target.section].executable()) unknown_ = true;
      if (!seen_.insert({object, target.section, place}).second) continue;
      pending_.push_back({object, target.section, place, all.contents_end(target.section, place)});
    }
    return Nothing{};
  }

  Result<Nothing> reach_external(const std::string& name) {
    for (uint32_t i = 0; i < question_.input.objects.size(); i++) {
      const Entity* entity = entities(i).find(name);
      if (!entity || entity->local) continue;
      reach(i, *entity);
      return Nothing{};
    }
    if (name == "__dso_handle" || !question_.canonicals.of_external(name)) return Nothing{};  // a library of others
    auto definer = others_->definer_of(name);
    if (!definer) return definer.error();
    const Entity* entity = definer.value() ? definer.value()->find(name) : nullptr;
    if (entity) {
      reach(opened(definer.value()), *entity);
    } else {
      unknown_ = true;
      answer_.leaves_module = answer_.leaves_module || question_.canonicals.target().module->globals.count(name) == 0;
    }
    return Nothing{};
  }

  uint32_t opened(const std::shared_ptr<const Entities>& object) {
    const auto found = std::find(opened_.begin(), opened_.end(), object);
    const size_t index = size_t(found - opened_.begin());
    if (found == opened_.end()) opened_.push_back(object);
    return uint32_t(question_.input.objects.size() + index);
  }

  /// FF /2 and FF /4 (Intel SDM vol. 2), unless it is the call of a symbol through the GOT. Bytes of another instruction
  /// that look like it do no harm.
  static bool calls_through_pointer(const Section& section, const Entity& function) {
    const uint64_t end = std::min<uint64_t>(function.offset + function.size, section.bytes.size());
    auto relocation = section.relocations.begin();
    for (uint64_t at = function.offset; at + 1 < end; at++) {
      const uint8_t operation = uint8_t(section.bytes[at + 1]) >> 3 & 7;
      if (uint8_t(section.bytes[at]) != 0xff || (operation != 2 && operation != 4)) continue;
      while (relocation != section.relocations.end() && relocation->offset < at + 2) ++relocation;
      const bool named = relocation != section.relocations.end() && relocation->offset == at + 2;
      if (!named) return true;
    }
    return false;
  }

  /// Functions of the patch's objects that code elsewhere can call: their address is held, or others name them.
  Result<Nothing> enter_everywhere() {
    for (uint32_t i = 0; i < question_.input.objects.size(); i++) {
      const std::set<const Entity*> held = held_functions(entities(i));
      for (const Entity& entity : entities(i).all()) {
        if (entity.kind != Kind::kFunction || is_initializer(entity.name) || is_construction(entity.name)) continue;
        bool known = held.count(&entity) > 0;
        if (!known && !entity.local) {
          auto user = others_->user_of(entity.name);
          if (!user) return user.error();
          known = !user.value().empty() || question_.canonicals.target().module->exported.count(entity.name) > 0;
        }
        if (known) reach(i, entity);
      }
    }
    return Nothing{};
  }

  static std::set<const Entity*> held_functions(const Entities& entities) {
    std::set<const Entity*> held;
    const std::vector<Section>& sections = entities.object().sections;
    for (uint32_t s = 0; s < sections.size(); s++) {
      const std::string_view name = sections[s].name;
      const bool about = name.substr(0, 9) == ".eh_frame" || name == "__patchable_function_entries" ||
                         name.substr(0, 11) == ".init_array" || name.substr(0, 11) == ".fini_array";
      if (about || !sections[s].loaded()) continue;
      for (const Relocation& relocation : sections[s].relocations) {
        const Target target = entities.target_of(s, relocation);
        if (target.form != Target::Form::kEntity || target.entity->kind != Kind::kFunction) continue;
        if (!is_call(sections[s], relocation)) held.insert(target.entity);
      }
    }
    return held;
  }

  const ReachQuestion& question_;
  OtherObjects* others_;
  ReachAnswer answer_;
  bool unknown_ = false, entered_ = false;
  std::set<std::tuple<uint32_t, uint32_t, uint64_t>> seen_;
  std::vector<Range> pending_;
  std::vector<std::shared_ptr<const Entities>> opened_;  // objects that are not part of the patch
};

}  // namespace

Result<ReachAnswer> reach_of_constructions(const ReachQuestion& question, OtherObjects* others) {
  return Walk(question, others).run();
}

}  // namespace hotreload
