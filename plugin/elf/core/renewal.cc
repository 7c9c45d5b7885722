// Looks for users of functions.
#include "renewal.h"

#include <algorithm>

#include "names.h"
#include "relocation.h"

namespace hotreload {

namespace {

/// Name of a function or variable that takes the address of `name`, or calls it if `calls` is set; "" if there is none.
std::string holder_of(const Entities& entities, const std::string& name) {
  const std::vector<Section>& sections = entities.object().sections;
  for (uint32_t s = 0; s < sections.size(); s++) {
    // What unwinding and start-up say of a function does not call it.
    if (sections[s].name.compare(0, 9, ".eh_frame") == 0 || !sections[s].loaded()) continue;
    if (sections[s].name == "__patchable_function_entries") continue;
    for (const Relocation& relocation : sections[s].relocations) {
      const Target target = entities.target_of(s, relocation);
      const bool meant = target.form == Target::Form::kEntity ? target.entity->name == name && target.offset == 0
                                                              : target.form == Target::Form::kExternal && target.name == name;
      if (!meant || is_call(sections[s], relocation)) continue;
      const Entity* holder = entities.at(s, int64_t(relocation.offset));
      return holder ? demangle(holder->name) : std::string(sections[s].name);
    }
  }
  return "";
}

}  // namespace

bool is_call(const Section& section, const Relocation& relocation) {
  if (!section.executable() || relocation.offset < 2 || relocation.offset >= section.bytes.size()) return false;
  const uint8_t last = uint8_t(section.bytes[relocation.offset - 1]);
  const uint8_t first = uint8_t(section.bytes[relocation.offset - 2]);
  switch (reference_of(relocation.type)) {
    case Reference::kRelative32: return last == 0xe8 || last == 0xe9 || (first == 0x0f && (last & 0xf0) == 0x80);
    case Reference::kGot: return first == 0xff && (last == 0x15 || last == 0x25);
    default: return false;
  }
}

Result<Nothing> OtherObjects::read() {
  if (is_read_) return Nothing{};
  is_read_ = true;
  for (const std::string& path : paths_) {
    auto object = read_object(path);
    if (!object) return object.error();
    std::set<std::string> names, defined;
    bool has_globals = false, linked = false;
    for (const Symbol& symbol : object.value()->symbols) {
      if (symbol.local() || symbol.name.empty()) continue;
      if (symbol.section == SHN_UNDEF) {
        names.emplace(symbol.name);
      } else {
        has_globals = true;
        defined.emplace(symbol.name);
        linked = linked || module_.globals.count(symbol.name) > 0;
      }
    }
    // A member of an archive that nothing needed is not part of the program.
    if (!linked && has_globals) continue;
    undefined_.emplace_back(path, std::move(names));
    for (const std::string& name : defined) definers_.emplace(name, path);
  }
  return Nothing{};
}

Result<std::string> OtherObjects::user_of(const std::string& symbol) {
  auto done = read();
  if (!done) return done.error();
  for (const auto& [path, names] : undefined_) {
    if (names.count(symbol) > 0) return path;
  }
  return std::string();
}

Result<std::shared_ptr<const Entities>> OtherObjects::definer_of(const std::string& symbol) {
  auto done = read();
  if (!done) return done.error();
  const auto path = definers_.find(symbol);
  if (path == definers_.end()) return std::shared_ptr<const Entities>();
  std::shared_ptr<const Entities>& entities = entities_[path->second];
  if (!entities) {
    auto object = read_object(path->second);
    if (!object) return object.error();
    entities = Entities::of(object.value());
  }
  return entities;
}

Result<std::vector<Refusal>> check_renewed(const std::vector<PatchObject>& objects,
                                           const std::vector<LoadedModule>& modules, size_t target,
                                           const std::string& name, OtherObjects* others) {
  const std::string what = "the signature of " + short_name(name) + " changed, and ";
  const auto refused = [&](const std::string& why) {
    return std::vector<Refusal>{{"E_FUNCTION", what + why, name}};
  };
  bool global = false;
  for (const PatchObject& object : objects) {
    if (!object.before) continue;
    const Entity* old = object.before->find(name);
    global = global || (old && !old->local);
    if (object.before->object().path.empty()) continue;
    const std::string holder = holder_of(*object.before, name);
    if (!holder.empty()) return refused(holder + " holds its address, through which it would be called the old way");
  }
  if (!global) return std::vector<Refusal>{};
  auto user = others->user_of(name);
  if (!user) return user.error();
  if (!user.value().empty()) return refused(user.value() + ", which was not built anew, calls it the old way");
  for (size_t i = 0; i < modules.size(); i++) {
    const Module& module = *modules[i].module;
    const bool shared = i != target && (module.imported.count(name) > 0 || module.exported.count(name) > 0);
    if (shared && modules[target].module->exported.count(name) > 0) {
      return refused(module.path + " refers to it as well");
    }
  }
  return std::vector<Refusal>{};
}

}  // namespace hotreload
