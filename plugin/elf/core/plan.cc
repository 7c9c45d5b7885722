// Compares, chooses, and writes the prepared objects of a patch.
#include "plan.h"

#include <algorithm>
#include <set>
#include <unordered_map>

#include "bytes.h"
#include "construction_reach.h"
#include "lines.h"
#include "names.h"
#include "object_writer.h"
#include "patch_table.h"
#include "relocation.h"
#include "reliance.h"
#include "renewal.h"
#include "replaceable.h"

namespace hotreload {

namespace {

/// Farther than this, a 32-bit displacement from the patch may not reach.
constexpr uint64_t kNear = 0x70000000;
constexpr uint64_t kMostContents = 1 << 20;
/// Of files that have thousands of functions, a patch with each save for the lines alone would be too much.
constexpr size_t kMostMoved = 500;

bool starts_with(std::string_view text, std::string_view prefix) { return text.substr(0, prefix.size()) == prefix; }

/// `_ZTH5fresh` for `fresh`, `_ZTHN1N5freshE` for `_ZN1N5freshE` (Itanium C++ ABI 5.1.4.4).
std::string thread_initializer_of(const std::string& variable) {
  if (starts_with(variable, "_Z")) return "_ZTH" + variable.substr(2);
  return "_ZTH" + std::to_string(variable.size()) + variable;
}

std::string hexadecimal(uint64_t value) {
  char text[32];
  snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(value));
  return text;
}

/// Sections that must not come into a patch: what runs at start-up, and the compiler's table of entries.
bool is_excluded(const Section& section) {
  for (std::string_view prefix : {".init_array", ".fini_array", ".preinit_array", ".ctors", ".dtors",
                                  "__patchable_function_entries"}) {
    if (starts_with(section.name, prefix)) return true;
  }
  return false;
}

bool is_bindable(const Section& section) { return section.loaded() && !starts_with(section.name, ".eh_frame"); }

class Planner {
 public:
  explicit Planner(PatchInput input)
      : plan_(with_input(std::move(input))),
        canonicals_(plan_.input.modules, plan_.input.target, plan_.input.introduced),
        others_(plan_.input.others, *plan_.input.modules[plan_.input.target].module) {}

  Result<Plan> run() {
    name_renewed();
    for (PatchObject& object : plan_.input.objects) compare(&object);
    for (const PatchObject& object : plan_.input.objects) canonicals_.add_object(object);
    auto checked = check_renewals();
    if (!checked) return checked.error();
    collect_removed();
    collect_constructions();
    if (plan_.refusals.empty()) collect_redirects();
    if (plan_.refusals.empty()) collect_writes();
    if (plan_.refusals.empty()) {
      auto reached = check_constructions();
      if (!reached) return reached.error();
    }
    plan_.empty = plan_.redirects.empty() && roots_.empty() && plan_.writes.empty() && call_count(plan_) == 0;
    if (plan_.refusals.empty() && !plan_.empty) collect_moved();
    if (!plan_.refusals.empty() || plan_.empty) return std::move(plan_);
    for (uint32_t i = 0; i < plan_.input.objects.size(); i++) {
      auto written = prepare(i);
      if (!written) return written.error();
    }
    auto written = write_patch_table(&plan_, roots_, slots_, stubs_);
    if (!written) return written.error();
    return std::move(plan_);
  }

 private:
  static Plan with_input(PatchInput input) {
    Plan plan;
    plan.input = std::move(input);
    return plan;
  }

  static std::shared_ptr<const Entities> empty_object() {
    static const std::shared_ptr<const Entities> none = Entities::of(std::make_shared<const Object>());
    return none;
  }

  void compare(PatchObject* object) {
    object->match = Correspondence::of(object->before ? object->before : empty_object(), object->after,
                                       plan_.input.renewed);
    Diff diff = diff_entities(*object->match);
    if (object->built) keep_changes_of_build(*object, &diff);
    for (const Refusal& refusal : diff.refusals) plan_.refusals.push_back(refusal);
    plan_.diffs.push_back(std::move(diff));
  }

  std::shared_ptr<const Correspondence> match_of_build(const PatchObject& object) const {
    if (!object.built) return object.match;
    return Correspondence::of(object.before ? object.before : empty_object(), object.built, plan_.input.renewed);
  }

  /// Optimisers inline otherwise where more is in a file: what is the same as it was built stays as it is.
  void keep_changes_of_build(const PatchObject& object, Diff* diff) const {
    const Diff built = diff_entities(*match_of_build(object));
    const std::set<std::string> changed(built.changed_functions.begin(), built.changed_functions.end());
    // A function that changed, and that has no code of its own in this form, is in others that call it.
    for (const std::string& key : changed) {
      if (!object.after->find(key)) return;
    }
    const auto same = [&](const std::string& key) { return changed.count(key) == 0; };
    auto& functions = diff->changed_functions;
    functions.erase(std::remove_if(functions.begin(), functions.end(), same), functions.end());
  }

  /// gcc's DWARF does not tell the symbol of a static function of C++: all static ones of its plain name are meant.
  void name_renewed() {
    std::set<std::string> symbols;
    for (const PatchObject& object : plan_.input.objects) {
      if (plan_.input.renewed.empty() || !object.before) continue;
      for (const Entity& entity : object.before->all()) {
        if (entity.kind != Kind::kFunction || entity.part_of_user) continue;
        const std::string plain = entity.local ? outermost_function(demangle(entity.name)) : "";
        if (plan_.input.renewed.count(entity.name) + plan_.input.renewed.count(plain) > 0) symbols.insert(entity.name);
      }
    }
    plan_.input.renewed = std::move(symbols);
  }

  Result<Nothing> check_renewals() {
    for (const std::string& name : plan_.input.renewed) {
      auto refusals = check_renewed(plan_.input.objects, plan_.input.modules, plan_.input.target, name, &others_);
      if (!refusals) return refusals.error();
      for (const Refusal& refusal : refusals.value()) plan_.refusals.push_back(refusal);
    }
    return Nothing{};
  }

  static Removed removal(const PatchObject& object, const Entity& function) {
    return {function.local ? object.id : "", function.key, function.weak};
  }

  /// What was removed and is not there again: nothing may refer to it.
  void collect_removed() {
    std::set<Removed> defined;
    plan_.removed = plan_.input.removed;
    for (size_t i = 0; i < plan_.input.objects.size(); i++) {
      const PatchObject& object = plan_.input.objects[i];
      for (const std::string& key : plan_.diffs[i].removed_functions) {
        plan_.removed.insert(removal(object, *object.before->find(key)));
      }
    }
    if (plan_.removed.empty()) return;
    for (const PatchObject& object : plan_.input.objects) {
      for (const Entity& entity : object.after->all()) {
        if (entity.kind == Kind::kFunction && !entity.part_of_user) defined.insert(removal(object, entity));
      }
    }
    for (const Removed& function : defined) plan_.removed.erase(function);
    canonicals_.remove(plan_.removed);
  }

  /// Functions whose entry leads to new code from now on.
  std::vector<const Entity*> replaced_functions(uint32_t index) const {
    const PatchObject& object = plan_.input.objects[index];
    const Diff& diff = plan_.diffs[index];
    std::vector<const Entity*> functions;
    for (const std::string& key : diff.changed_functions) functions.push_back(object.after->find(key));
    for (const std::string& key : diff.new_functions) functions.push_back(object.after->find(key));
    if (plan_.input.removed.empty()) return functions;
    // One that was removed and is there again: what the process has of it may be of long ago.
    for (const Entity& entity : object.after->all()) {
      const bool local = entity.kind == Kind::kFunction && (entity.local || entity.weak) && !entity.part_of_user;
      if (!local || object.match->before_of(entity) || object.match->is_renewed(entity)) continue;
      if (plan_.input.removed.count(removal(object, entity)) > 0) functions.push_back(&entity);
    }
    return functions;
  }

  void collect_redirects() {
    for (uint32_t i = 0; i < plan_.input.objects.size(); i++) {
      const PatchObject& object = plan_.input.objects[i];
      const std::set<std::string> changed(plan_.diffs[i].changed_functions.begin(), plan_.diffs[i].changed_functions.end());
      Reliance reliance(*object.match, changed);
      for (const Entity* function : replaced_functions(i)) {
        const auto entry = canonicals_.entry_of(object, *function);
        if (!entry) {
          add_root(i, *function);
        } else {
          redirect(i, *function, *entry, false, reliance.of(*function));
        }
      }
      for (const std::string& key : plan_.diffs[i].new_variables) {
        const Entity& variable = *object.after->find(key);
        const bool reachable = !variable.local && !variable.weak && variable.section != 0;
        if (!reachable || canonicals_.entry_of(object, variable)) continue;
        roots_.push_back({i, variable.section, 0});
        // Files that use it only later on find its initializer by this name.
        const Entity* initializer = variable.kind == Kind::kThreadLocal ? object.after->find(thread_initializer_of(variable.name)) : nullptr;
        if (initializer) roots_.push_back({i, initializer->section, initializer->offset});
      }
    }
  }

  void redirect(uint32_t index, const Entity& function, uint64_t entry, bool moved, std::vector<std::string> relied_on) {
    const PatchObject& object = plan_.input.objects[index];
    if (!add_entry(index, function, entry)) return;
    for (Refusal& refusal : check_replaceable(canonicals_, object, function, entry)) plan_.refusals.push_back(std::move(refusal));
    if (!function.local && !function.indirect) plan_.named.push_back(function.name);
    const auto [linked, copy] = linked_copy(index, function);
    plan_.redirects.push_back({function.name, entry, linked, copy->section, copy->offset, old_code(object, function, entry),
                               {}, moved, std::move(relied_on)});
  }

  /// Functions with statics that are told from others of their name by a number at best: where they only moved, nobody
  /// has compared whether the numbers mean what they meant (diff.cc does for those that changed).
  static std::set<std::string> users_of_numbered(const Entities& entities) {
    std::set<std::string> users;
    for (const Entity& entity : entities.all()) {
      const bool writable = entity.kind == Kind::kVariable || entity.kind == Kind::kThreadLocal;
      const bool told = !entity.ambiguous && (!entity.users.empty() || without_number(entity.name) == entity.name);
      if (writable && !told) users.merge(entities.users_of(entity));
    }
    return users;
  }

  /// Functions that only moved, of files of which something else changed: what runs of them is the same before and after.
  void collect_moved() {
    for (uint32_t i = 0; i < plan_.input.objects.size(); i++) {
      const PatchObject& object = plan_.input.objects[i];
      if (!object.lines || object.built || plan_.diffs[i].empty()) continue;
      const bool same = object.lines == object.before;
      auto moved = moved_functions(same ? *object.match : *Correspondence::of(object.lines, object.after, plan_.input.renewed));
      if (!moved || moved.value().size() > kMostMoved) continue;  // nothing is refused for want of lines
      std::set<std::string> unsure = users_of_numbered(*object.after);
      unsure.merge(users_of_numbered(object.match->before()));
      for (const std::string& key : moved.value()) {
        const Entity& function = *object.after->find(key);
        // A frame of main never ends before the program, and nothing calls it again.
        if (function.indirect || function.name == "main" || is_initializer(function.name) || is_construction(function.name)) continue;
        if (unsure.count(function.key) > 0) continue;
        const auto entry = object.match->before_of(function) ? canonicals_.entry_of(object, function) : std::nullopt;
        if (!entry || entries_.count(*entry) > 0) continue;
        plan_.lined = true;
        redirect(i, function, *entry, true, {});
      }
    }
  }

  /// Of a COMDAT group the linker keeps the first copy: it may be in an object where it is not what changed.
  std::pair<uint32_t, const Entity*> linked_copy(uint32_t index, const Entity& entity) const {
    const std::string_view signature = signature_of(index, entity);
    for (uint32_t i = 0; i < index && !signature.empty(); i++) {
      const Entity* copy = plan_.input.objects[i].after->find(entity.key);
      if (copy && copy->section != 0 && signature_of(i, *copy) == signature) return {i, copy};
    }
    return {index, &entity};
  }

  std::string_view signature_of(uint32_t index, const Entity& entity) const {
    return plan_.input.objects[index].after->object().group_signature(entity.section);
  }

  /// What the entry has led to since the module was linked; of what earlier patches brought their records tell.
  std::vector<CodeRange> old_code(const PatchObject& object, const Entity& function, uint64_t entry) const {
    std::vector<CodeRange> ranges;
    const Entity* old = object.match->before_of(function);
    if (!old) return ranges;
    ranges.push_back({entry, old->size});
    if (!object.located) return ranges;
    const uint64_t bias = canonicals_.target().bias;
    for (const Entity& clone : object.before->all()) {
      if (clone.kind != Kind::kFunction || !is_clone_of(clone, *old)) continue;
      const auto located = object.located->find(clone.key);
      if (located != object.located->end()) ranges.push_back({located->second.address + bias, clone.size});
    }
    return ranges;
  }

  void add_root(uint32_t index, const Entity& function) {
    if (function.local || function.weak) return;  // comes with the code that uses it
    roots_.push_back({index, function.section, function.offset});
    if (!function.indirect) plan_.named.push_back(function.name);
    if (canonicals_.target().module->weak_undefined.count(function.name) == 0) return;
    plan_.refusals.push_back({"E_FUNCTION",
                              demangle(function.name) +
                                  " is defined now, but code that is running was linked without it (a weak reference)",
                              function.name});
  }

  /// False if the entry leads to this function already; two functions cannot both have it.
  bool add_entry(uint32_t index, const Entity& function, uint64_t entry) {
    const auto [found, added] = entries_.emplace(entry, std::make_pair(index, &function));
    if (added) return true;
    const auto& [first, other] = found->second;
    const bool alias = first == index && other->section == function.section && other->offset == function.offset;
    const bool copy = function.weak && other->weak && function.name == other->name;
    if (!alias && !copy) {
      plan_.refusals.push_back({"E_FUNCTION",
                                demangle(function.name) + " and " + demangle(other->name) +
                                    " would both take the place of one function",
                                function.name});
    }
    return false;
  }

  void collect_constructions() {
    for (uint32_t i = 0; i < plan_.input.objects.size(); i++) {
      const PatchObject& object = plan_.input.objects[i];
      Diff& diff = plan_.diffs[i];
      Constructions found = find_constructions(object, diff, canonicals_);
      for (const Refusal& refusal : found.refusals) plan_.refusals.push_back(refusal);
      const bool hides = !diff.initialized.empty() && !found.whole;
      if (hides && found.refusals.empty()) diff.initializers = compare_initializers(*match_of_build(object), &found.seen_to);
      plan_.constructions.push_back(std::move(found));
    }
  }

  /// They run before anything is redirected: what they reach must be the same before and after.
  Result<Nothing> check_constructions() {
    ReachQuestion question{plan_.input, canonicals_, {}, {}};
    for (uint32_t i = 0; i < plan_.constructions.size(); i++) {
      for (const Entity* function : plan_.constructions[i].calls) question.calls.emplace_back(i, function);
    }
    for (const Redirect& redirect : plan_.redirects) question.changed.emplace(redirect.object, redirect.section, redirect.offset);
    for (const Write& write : plan_.writes) {
      const Entity& entity = *plan_.input.objects[write.object].after->find(write.key);
      question.changed.emplace(write.object, entity.section, entity.offset);
    }
    if (question.calls.empty() || question.changed.empty()) return Nothing{};
    auto answer = reach_of_constructions(question, &others_);
    if (!answer) return answer.error();
    plan_.constructions_leave_module = answer.value().leaves_module;
    if (!answer.value().changed) return Nothing{};
    const std::string name = demangle(answer.value().changed->name);
    plan_.refusals.push_back({"E_INITIALIZER",
                              "the constructor of a new variable may use " + name +
                                  ", which changed in the same save: it would run with the old one",
                              answer.value().changed->name});
    return Nothing{};
  }

  /// Index of the symbol that names the entity.
  static uint32_t symbol_of(const Object& object, const Entity& entity) {
    for (uint32_t i = 0; i < object.symbols.size(); i++) {
      const Symbol& symbol = object.symbols[i];
      if (symbol.section == entity.section && symbol.value == entity.offset && symbol.name == entity.name) return i;
    }
    return 0;
  }

  /// Old code sees new contents as well: they are written to where the process has the constant or variable.
  void collect_writes() {
    for (uint32_t i = 0; i < plan_.input.objects.size(); i++) {
      for (const std::string& key : plan_.diffs[i].changed_constants) add_write(i, key, std::nullopt);
      if (plan_.diffs[i].changed_initializers.empty()) continue;
      const PatchObject& object = plan_.input.objects[i];
      const std::vector<bool> before = reached_by_initializers(*object.before);
      const std::vector<bool> after = reached_by_initializers(*object.after);
      for (const std::string& key : plan_.diffs[i].changed_initializers) {
        const Entity& variable = *object.after->find(key);
        const Entity& old = *object.match->before_of(variable);
        if (variable.kind == Kind::kThreadLocal) {
          plan_.kept.push_back({key, "it is thread-local, and threads that run have their own"});
        } else if (before[old.section] || after[variable.section]) {
          plan_.kept.push_back({key, "a constructor or initializer of its file may have set it"});
        } else if (variable.size > kMostContents) {
          plan_.kept.push_back({key, "it is too large to be compared with what it was"});
        } else if (auto expected = initial_contents(canonicals_, object, old)) {
          add_write(i, key, std::move(expected));
        } else {
          plan_.kept.push_back({key, "what it began with cannot be told"});
        }
      }
    }
  }

  void add_write(uint32_t index, const std::string& key, std::optional<InitialContents> expected) {
    const PatchObject& object = plan_.input.objects[index];
    const Entity& entity = *object.after->find(key);
    const auto canonical = canonicals_.of_entity(object, entity);
    // Objects that share it have it with the same contents. What the process does not have needs none.
    if (!canonical || !written_.insert(canonical->address).second) return;
    const auto [linked, copy] = linked_copy(index, entity);
    plan_.writes.push_back({key, canonical->address, linked, entity.size, plain_contents(object.after->object(), entity),
                            copy->section, copy->offset, std::move(expected)});
  }

  /// Index of the canonical, the same for the same address.
  size_t canonical_index(const Canonical& canonical) {
    const auto key = std::make_pair(canonical.address, std::make_pair(canonical.tls_module, canonical.tls_offset));
    const auto [found, added] = indexes_.emplace(key, plan_.canonicals.size());
    if (added) plan_.canonicals.push_back(canonical);
    return found->second;
  }

  bool is_far(const Canonical& canonical) const {
    const uint64_t start = plan_.input.start;
    const uint64_t distance = canonical.address > start ? canonical.address - start : start - canonical.address;
    return !canonical.thread_local_storage && distance > kNear;
  }

  Result<Nothing> prepare(uint32_t index) {
    const Object& object = plan_.input.objects[index].after->object();
    ObjectCopy copy(object);
    added_.clear();
    plan_.marked.emplace_back(object.sections.size(), false);
    std::set<std::string> own_groups;
    for (uint32_t s = 0; s < object.sections.size(); s++) {
      const Section& section = object.sections[s];
      if (is_excluded(section)) {
        copy.exclude(s);
        continue;
      }
      if (!section.loaded() || section.type == SHT_GROUP) continue;
      // Of a COMDAT group the linker keeps the first copy: markers of later ones would have no place.
      const std::string signature(object.group_signature(s));
      if (!signature.empty() && groups_.count(signature) > 0) continue;
      if (!signature.empty()) own_groups.insert(signature);
      if (!is_bindable(section)) continue;
      copy.add_symbol({marker_name(index, s), s, 0, uint8_t(section.thread_local_storage() ? STT_TLS : STT_NOTYPE)});
      plan_.marked[index][s] = true;
      for (const Relocation& relocation : section.relocations) {
        auto done = turn(index, s, relocation, &copy);
        if (!done) return done.error();
      }
    }
    groups_.insert(own_groups.begin(), own_groups.end());
    auto bytes = copy.finish();
    if (!bytes) return bytes.error();
    plan_.files.push_back(plan_.input.directory + "/" + std::to_string(index) + ".o");
    return write_file(plan_.files.back(), bytes.value());
  }

  Error broken(const Object& object, uint32_t section, const Relocation& relocation, const char* what) const {
    return {"E_RELOCATION",
            std::string(what) + " (type " + std::to_string(relocation.type) + " at " +
                std::string(object.sections[section].name) + "+" + hexadecimal(relocation.offset) + ")",
            object.path};
  }

  /// Turns a relocation that refers to something canonical to a slot, and notes the site.
  Result<Nothing> turn(uint32_t index, uint32_t section, const Relocation& relocation, ObjectCopy* copy) {
    const PatchObject& patched = plan_.input.objects[index];
    const Object& object = patched.after->object();
    const Reference reference = reference_of(relocation.type);
    const Target target = patched.after->target_of(section, relocation);
    std::optional<Canonical> canonical;
    int64_t addend = relocation.addend;
    if (target.form == Target::Form::kExternal) {
      canonical = canonicals_.of_external(std::string(target.name));
    } else if (target.form == Target::Form::kEntity) {
      // A place inside a function is a label of this very version of it.
      const bool label = target.entity->kind == Kind::kFunction && target.offset != 0;
      if (!label) canonical = canonicals_.of_entity(patched, *target.entity);
      const Symbol& symbol = object.symbols[relocation.symbol];
      // The value of a common symbol is its alignment (gABI 4.1).
      const uint64_t value = symbol.section == SHN_COMMON ? 0 : symbol.value;
      addend = int64_t(value - target.entity->offset + uint64_t(relocation.addend));
      const auto& stands_for = plan_.constructions[index].stands_for;
      const auto variable = stands_for.find(target.entity);
      if (variable != stands_for.end() && variable->second) {
        copy->redirect(relocation, relocation.type, symbol_of(object, *variable->second), addend);
      }
    }
    if (!canonical) {
      if (target.form == Target::Form::kExternal) plan_.externals.emplace_back(target.name);
      const bool tls = reference == Reference::kTlsLocal || reference == Reference::kTlsOffset;
      if (tls) plan_.sites.push_back({index, section, relocation.offset, relocation.type, addend, -1});
      if (reference == Reference::kAbsolute32) {
        return broken(object, section, relocation, "is not position-independent code: compile it with -fPIC");
      }
      return Nothing{};
    }
    const size_t number = canonical_index(*canonical);
    uint32_t type = relocation.type;
    switch (reference) {
      case Reference::kRelative32:
        if (is_far(*canonical)) {
          // Only a call can go through a stub, and code for shared libraries refers to far data through the GOT.
          if (addend != -4) return broken(object, section, relocation, "refers to data that is too far away");
          copy->redirect(relocation, type, added(stub_name(number), STT_NOTYPE, copy), addend);
          stubs_.insert(number);
          return Nothing{};
        }
        break;
      case Reference::kGot: type = R_X86_64_GOTPCREL; break;  // the forms with X invite the linker to rewrite the code
      case Reference::kAbsolute64:
      case Reference::kRelative64:
      case Reference::kTlsGeneral:
      case Reference::kTlsLocal:
      case Reference::kTlsOffset:
      case Reference::kTlsInitial: break;
      default: return broken(object, section, relocation, "has a form that cannot be bound to a running process");
    }
    const uint8_t kind = canonical->thread_local_storage ? STT_TLS : STT_NOTYPE;
    copy->redirect(relocation, type, added(slot_name(number), kind, copy), addend);
    slots_.insert(number);
    plan_.sites.push_back({index, section, relocation.offset, type, addend, int64_t(number)});
    return Nothing{};
  }

  /// The undefined symbol in the copy at hand, added once.
  uint32_t added(const std::string& name, uint8_t type, ObjectCopy* copy) {
    const auto found = added_.find(name);
    if (found != added_.end()) return found->second;
    return added_[name] = copy->add_symbol({name, SHN_UNDEF, 0, type});
  }

  Plan plan_;
  Canonicals canonicals_;
  OtherObjects others_;
  std::map<uint64_t, std::pair<uint32_t, const Entity*>> entries_;
  std::vector<Root> roots_;
  std::set<std::string> groups_;
  std::set<uint64_t> written_;
  std::set<size_t> slots_, stubs_;
  std::map<std::pair<uint64_t, std::pair<uint64_t, uint64_t>>, size_t> indexes_;
  std::unordered_map<std::string, uint32_t> added_;
};

}  // namespace

std::string marker_name(uint32_t object, uint32_t section) {
  return "hotreload.section." + std::to_string(object) + "." + std::to_string(section);
}

Result<Plan> plan_patch(PatchInput input) {
  auto plan = Planner(input).run();
  if (plan && (plan.value().refusals.empty() || !plan.value().lined)) return plan;
  // Lines are no reason to refuse.
  for (PatchObject& object : input.objects) object.lines = nullptr;
  return Planner(std::move(input)).run();
}

}  // namespace hotreload
