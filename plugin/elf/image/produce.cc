// The passes of `gen`.
#include "produce.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <set>

#include "../core/bytes.h"
#include "../core/names.h"
#include "../core/relocation.h"
#include "callers.h"
#include "entry_code.h"
#include "image.h"
#include "libraries.h"
#include "start_reach.h"

namespace hotreload {

namespace {

class Producer {
 public:
  explicit Producer(const ProduceInput& input) : input_(input) {}

  Result<Produced> run() {
    for (auto pass : {&Producer::read, &Producer::choose_functions, &Producer::check_rest, &Producer::choose_values}) {
      auto done = (this->*pass)();
      if (!done) return done.error();
    }
    if (replacements_.empty() && edits_.empty() && produced_.refusals.empty()) {
      return Error{"E_UNCHANGED", "there is nothing to replace: no function has the name of one of " + input_.module, ""};
    }
    if (produced_.refusals.empty()) {
      auto checked = check_callers();
      if (!checked) return checked.error();
    }
    if (!produced_.refusals.empty()) return std::move(produced_);
    return finish();
  }

 private:
  Result<Nothing> read() {
    auto module = read_module(input_.module, {}, input_.debug_file, Machines::kAll);
    if (!module) return module.error();
    module_ = module.value();
    if (module_->build_id.empty()) {
      return Error{"E_OTHER_BUILD", "has no build-id, by which processes that run it could be told: link it with -Wl,--build-id",
                   input_.module};
    }
    exports_ = read_exports(needed_libraries(input_.module), module_->machine);
    std::map<std::string, std::string> renames;
    for (const auto& [old_name, new_name] : input_.renames) renames[new_name] = old_name;
    resolver_ = std::make_unique<Resolver>(*module_, *exports_, input_.unit, renames);
    for (const auto& [after, before] : input_.objects) {
      FixObject object{after, nullptr, nullptr, nullptr, nullptr};
      auto read = read_for_module(after);
      if (!read) return read.error();
      object.after = Entities::of(read.value());
      if (!before.empty()) {
        auto old = read_for_module(before);
        if (!old) return old.error();
        object.before = Entities::of(old.value());
        auto located = locate_locals(*module_, *object.before);
        if (!located) return located.error();
        object.match = Correspondence::of(object.before, object.after);
        object.located = std::make_shared<const Located>(std::move(located.value()));
      }
      objects_.push_back(std::move(object));
    }
    references_ = std::make_unique<References>(*module_, objects_, *resolver_);
    return Nothing{};
  }

  Result<std::shared_ptr<const Object>> read_for_module(const std::string& path) const {
    auto object = read_object(path, Machines::kAll);
    if (!object || object.value()->machine == module_->machine) return object;
    return Error{"E_ARCHITECTURE",
                 std::string("is for ") + machine_name(object.value()->machine) + ", and " + input_.module + " is for " +
                     machine_name(module_->machine),
                 path};
  }

  void refuse(const std::string& code, const std::string& symbol, const std::string& message) {
    produced_.refusals.push_back({code, message, symbol});
  }

  Result<Nothing> choose_functions() {
    std::set<std::string> wanted;
    for (const auto& [old_name, new_name] : input_.renames) wanted.insert(new_name);
    for (uint32_t i = 0; i < objects_.size(); i++) {
      const FixObject& object = objects_[i];
      std::set<std::string> changed;
      if (object.before) {
        const Diff diff = diff_entities(*object.match);
        for (const Refusal& refusal : diff.refusals) produced_.refusals.push_back(refusal);
        changed.insert(diff.changed_functions.begin(), diff.changed_functions.end());
        // Code that is not replaced reads the old one.
        for (const std::string& key : diff.changed_constants) {
          refuse("E_CONSTANT", key, "the constant " + demangle(key) + " changed, and code that is not replaced may use it");
        }
        kept_.insert(diff.changed_initializers.begin(), diff.changed_initializers.end());
      }
      for (const Entity& entity : object.after->all()) {
        if (entity.kind != Kind::kFunction || entity.part_of_user || entity.section == 0) continue;
        if (is_initializer(entity.name) && !is_thread_initializer(entity.name)) continue;  // it has run
        if (object.before && changed.count(entity.key) == 0) {
          auto same = references_->existing(i, entity);
          if (same && same.value()) unchanged_.insert(same.value()->address);
          continue;
        }
        wanted.erase(entity.name);
        auto chosen = choose(i, entity);
        if (!chosen) return chosen;
      }
    }
    for (const auto& [old_name, new_name] : input_.renames) {
      const bool found = std::any_of(replacements_.begin(), replacements_.end(),
                                     [&, &old_name = old_name](const Replacement& r) { return r.name == old_name; });
      if (wanted.count(new_name) == 0 && found) continue;
      const bool in_fix = wanted.count(new_name) == 0;
      if (in_fix && !produced_.refusals.empty()) continue;  // it is there, and why it cannot be replaced is said
      return undefined(in_fix ? old_name : new_name, in_fix ? input_.module : "the objects of the fix");
    }
    return Nothing{};
  }

  Error undefined(const std::string& name, const std::string& where) const {
    const std::string closest = resolver_->closest(name);
    return {"E_UNDEFINED",
            demangle(name) + " is not defined in " + where +
                (closest.empty() || closest == name ? "" : "; did you mean " + demangle(closest) + "?"),
            ""};
  }

  Result<Nothing> choose(uint32_t index, const Entity& function) {
    auto found = references_->existing(index, function);
    if (!found) return found.error();
    if (!found.value()) {
      if (!objects_[index].before) check_only_copies(function);
      return Nothing{};
    }
    const ModuleSymbol& symbol = *found.value();
    if (symbol.type != STT_FUNC && symbol.type != STT_NOTYPE) {
      refuse("E_FUNCTION", function.name, demangle(function.name) + " is a variable in the running module");
      return Nothing{};
    }
    if (!objects_[index].before && is_same(index, function, symbol)) {
      unchanged_.insert(symbol.address);
      return Nothing{};
    }
    const std::string name = resolver_->old_name(function.name);
    if (!entries_.insert(symbol.address).second) return Nothing{};  // aliases: C1 and C2 constructors
    check_sharing(index, function, symbol);
    auto entry = examine_entry(*module_, name, symbol);
    if (!entry) {
      refuse(entry.error().code, name, entry.error().message);
      return Nothing{};
    }
    replacements_.push_back({name, index, &function, entry.value()});
    return Nothing{};
  }

  /// A function that its compiler turned into special versions for its callers is not there to be replaced.
  void check_only_copies(const Entity& function) {
    const std::string copy = resolver_->specialised_copy(resolver_->old_name(function.name));
    if (copy.empty()) return;
    refuse("E_CALLER", function.name,
           "the module has " + demangle(function.name) + " only as a copy that the compiler made for its callers (" + copy +
               "): compile the whole file as it was and use --from and --to; a new function needs another name");
  }

  /// True if the module has this very code: then there is nothing to replace. Sure of what refers to named things only.
  bool is_same(uint32_t index, const Entity& function, const ModuleSymbol& symbol) {
    const Section& section = objects_[index].after->object().sections[function.section];
    if (symbol.size != function.size) return false;
    std::string expected(section.bytes.substr(function.offset, function.size));
    const std::string_view present = module_->at(symbol.address, symbol.size);
    if (expected.size() != function.size || present.size() != function.size) return false;
    for (const Relocation& relocation : section.relocations) {
      if (relocation.offset < function.offset || relocation.offset >= function.offset + function.size) continue;
      const uint64_t inside = relocation.offset - function.offset, site = symbol.address + inside;
      auto meaning = references_->of(index, function.section, relocation);
      if (!meaning) return false;
      const auto linked = linked_value(index, relocation, meaning.value(), site);
      if (!linked) return false;
      store(&expected, inside, *linked);
    }
    return expected == present;
  }

  /// What the linker put at the site, if the module has what it means; nothing for forms that it may have changed.
  std::optional<int32_t> linked_value(uint32_t index, const Relocation& relocation, const Meaning& meaning, uint64_t site) const {
    const Reference reference = reference_of(relocation.type);
    // A fix has thunks of its own, which do the same.
    const auto thunk = module_->globals.find(objects_[index].after->object().symbols[relocation.symbol].name);
    if (thunk != module_->globals.end() && is_pc_thunk(thunk->first)) {
      return int32_t(thunk->second.address + uint64_t(relocation.addend) - site);
    }
    if (reference == Reference::kGotAddress && module_->got != 0) return int32_t(module_->got + uint64_t(relocation.addend) - site);
    if (meaning.base != Base::kModule || meaning.thread_local_storage) return std::nullopt;
    const uint64_t place = meaning.value + uint64_t(meaning.addend);
    if (reference == Reference::kRelative32) return int32_t(place - site);
    if (module_->machine != Machine::kX86) return std::nullopt;
    if (reference == Reference::kAbsolute32) return int32_t(place);
    if (reference == Reference::kGotDistance && module_->got != 0) return int32_t(place - module_->got);
    return std::nullopt;
  }

  /// Compilers and linkers fold functions of the same code into one: redirecting it would change the others as well.
  void check_sharing(uint32_t index, const Entity& function, const ModuleSymbol& symbol) {
    const auto [first, last] = module_->functions.equal_range(symbol.address);
    for (auto at = first; at != last; ++at) {
      const std::string name(at->second);
      const Entity* other = objects_[index].after->find(name);
      const bool alias = other && other->section == function.section && other->offset == function.offset;
      const bool itself = name == resolver_->old_name(function.name);
      // The fix need not have the other names of a constructor or destructor.
      const bool same = demangle(name) == demangle(resolver_->old_name(function.name));
      if (alias || itself || same || is_clone(name)) continue;
      refuse("E_FUNCTION", function.name,
             demangle(function.name) + " shares its code with " + demangle(name) +
                 " (identical code was folded), so that it cannot be replaced alone");
      return;
    }
  }

  /// What a fix must not change besides functions.
  Result<Nothing> check_rest() {
    for (uint32_t i = 0; i < objects_.size(); i++) {
      const FixObject& object = objects_[i];
      check_start(i);
      for (const Entity& entity : object.after->all()) {
        auto found = references_->existing(i, entity);
        if (!found) {
          // A static that several files have is only in the way if the fix refers to it.
          continue;
        }
        const bool variable = entity.kind == Kind::kVariable && !entity.part_of_user;
        if (!found.value() || entity.kind == Kind::kFunction || object.before) continue;
        if (found.value()->size == 0 || found.value()->size == entity.size) continue;
        const bool table = is_virtual_table(entity.name);
        if (!variable && !table && entity.kind != Kind::kThreadLocal) continue;
        refuse(table ? "E_VTABLE" : "E_VARIABLE", entity.name,
               "the size of " + demangle(entity.name) + " is " + std::to_string(found.value()->size) +
                   " bytes in the running module and " + std::to_string(entity.size) + " in the fix");
      }
    }
    return Nothing{};
  }

  /// Nothing that runs at start-up runs for a fix.
  void check_start(uint32_t index) {
    const auto is_new = [&](const Entity& entity) {
      auto found = references_->existing(index, entity);
      return found && !found.value();
    };
    const Entities& entities = *objects_[index].after;
    for (const Entity* function : constructor_functions(entities)) {
      if (!is_new(*function)) continue;
      refuse("E_INITIALIZER", function->name,
             demangle(function->name) + " is a new constructor function, which would have to run when the program starts");
    }
    for (const Entity* entity : reached_at_start(entities)) {
      const bool at_first_use = is_guard(entity->name) || is_function_static(entity->name);
      if (entity->kind != Kind::kVariable || entity->part_of_user || at_first_use) continue;
      if (!is_new(*entity)) continue;
      if (entity->name == "_ZStL8__ioinit") {
        if (has_streams()) continue;
        refuse("E_INITIALIZER", entity->name,
               "the fix includes <iostream>, and no code of " + module_->path + " prepares std::cout and the others at its start");
        continue;
      }
      refuse("E_INITIALIZER", entity->name,
             "the new variable " + demangle(entity->name) +
                 " gets its value from code that runs when the program starts, which it has: begin it with a constant, or make "
                 "it a static variable of the function that uses it");
    }
  }

  /// An ios_base::Init is constructed at the start of the module: one does for all.
  bool has_streams() const {
    constexpr std::string_view constructor = "_ZNSt8ios_base4InitC1Ev";
    return module_->imported.count(constructor) > 0 || module_->globals.count(constructor) > 0;
  }

  Result<Nothing> choose_values() {
    for (const auto& [name, text] : input_.values) {
      auto done = set_value(name, text);
      if (!done) return done;
    }
    for (uint32_t i = 0; i < objects_.size(); i++) {
      for (const Entity& entity : objects_[i].after->all()) {
        if (entity.kind != Kind::kVariable || entity.part_of_user || is_guard(entity.name)) continue;
        auto found = references_->existing(i, entity);
        if (!found || !found.value() || found.value()->size != entity.size) continue;
        if (!initializer_differs(i, entity, *found.value())) continue;
        if (input_.apply_initializers && entity.size > kMostBytes) {
          refuse("E_VARIABLE", entity.name, demangle(entity.name) + " is too large to be given another value");
        } else if (input_.apply_initializers) {
          edits_.push_back({entity.name, found.value()->address, entity.size, "", i, &entity});
        } else {
          produced_.kept.push_back(entity.key);
        }
      }
    }
    return Nothing{};
  }

  /// Variables with addresses in them are compared through the old object alone.
  bool initializer_differs(uint32_t index, const Entity& entity, const ModuleSymbol& symbol) {
    if (objects_[index].before) return kept_.count(entity.key) > 0;
    if (entity.section == 0) return false;
    const Section& section = objects_[index].after->object().sections[entity.section];
    for (const Relocation& relocation : section.relocations) {
      if (relocation.offset >= entity.offset && relocation.offset < entity.offset + entity.size) return false;
    }
    const std::string zeros(entity.size, '\0');
    const std::string_view fresh = section.type == SHT_NOBITS ? std::string_view(zeros)
                                                              : section.bytes.substr(entity.offset, entity.size);
    const std::string_view linked = module_->at(symbol.address, symbol.size);
    return fresh != (linked.empty() ? std::string_view(zeros) : linked);
  }

  Result<Nothing> set_value(const std::string& name, const std::string& text) {
    auto found = resolver_->of_external(name);
    if (!found) return found.error();
    const auto global = module_->globals.find(name);
    std::optional<ModuleSymbol> symbol = found.value();
    if (!symbol && global != module_->globals.end()) symbol = global->second;
    if (!symbol) return undefined(name, input_.module);
    if (symbol->type != STT_OBJECT && symbol->type != STT_NOTYPE) {
      return Error{"E_VARIABLE", demangle(name) + " is no variable whose value could be set", input_.module};
    }
    std::string value;
    if (!encode(text, symbol->size, &value)) {
      return Error{"E_VARIABLE",
                   text + " is no value for " + demangle(name) + ", which has " + std::to_string(symbol->size) + " bytes",
                   input_.module};
    }
    if (!is_writable(symbol->address)) {
      return Error{"E_VARIABLE", demangle(name) + " is a constant", input_.module};
    }
    edits_.push_back({name, symbol->address, symbol->size, value, 0, nullptr});
    return Nothing{};
  }

  bool is_writable(uint64_t address) const {
    for (const Elf64_Phdr& segment : module_->segments) {
      if (segment.p_type != PT_LOAD || address < segment.p_vaddr || address >= segment.p_vaddr + segment.p_memsz) continue;
      return (segment.p_flags & PF_W) != 0;
    }
    return false;
  }

  /// Integers of 1, 2, 4 or 8 bytes; with a point or an exponent float and double; "text" for arrays of characters.
  static bool encode(const std::string& text, uint64_t size, std::string* value) {
    if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
      *value = text.substr(1, text.size() - 2);
      if (value->size() >= size) return false;
      value->resize(size, '\0');
      return true;
    }
    char* end = nullptr;
    errno = 0;
    const bool hexadecimal = text.rfind("0x", 0) == 0 || text.rfind("-0x", 0) == 0;
    if (!hexadecimal && text.find_first_of(".eE") != std::string::npos) {
      const double number = strtod(text.c_str(), &end);
      if (*end != '\0' || text.empty() || errno != 0) return false;
      if (size == sizeof(double)) append(value, number);
      if (size == sizeof(float)) append(value, float(number));
      return !value->empty();
    }
    const bool negative = !text.empty() && text[0] == '-';
    const uint64_t number = negative ? uint64_t(strtoll(text.c_str(), &end, 0)) : strtoull(text.c_str(), &end, 0);
    if (text.empty() || *end != '\0' || errno != 0) return false;
    if (size != 1 && size != 2 && size != 4 && size != 8) return false;
    const unsigned bits = unsigned(8 * size);
    if (size < 8 && (negative ? int64_t(number) < -(int64_t(1) << (bits - 1)) : number >> bits != 0)) return false;
    append(value, number);
    value->resize(size);
    return true;
  }

  /// Whatever the module's compiler concluded about a function stands in the callers that are not replaced with it.
  Result<Nothing> check_callers() {
    std::map<uint64_t, std::string> entries;
    for (const Replacement& replacement : replacements_) entries.emplace(replacement.entry.entry, replacement.name);
    const Callers callers(*module_, entries, unchanged_);
    for (const auto& [entry, name] : entries) {
      const auto refusal = callers.check(entry, name);
      if (refusal) produced_.refusals.push_back(*refusal);
    }
    for (Replacement& replacement : replacements_) {
      if (callers.must_be_left(replacement.entry.entry)) replacement.entry.flags |= kLeaveFirst;
    }
    for (const Replacement& replacement : replacements_) {
      // With the old object at hand, callers that changed are replaced as well.
      if (!callers.is_unused(replacement.entry.entry) || objects_[replacement.object].before) continue;
      produced_.unused.push_back(replacement.name);
    }
    if (!produced_.unused.empty() && produced_.unused.size() == replacements_.size() && edits_.empty()) {
      refuse("E_INLINED", produced_.unused[0],
             "nothing in " + module_->path + " calls " + demangle(produced_.unused[0]) +
                 ": its compiler put it into its callers; compile the whole file as it was and use --from and --to");
    }
    return Nothing{};
  }

  Result<Produced> finish() {
    const size_t slash = input_.module.rfind('/');
    auto image = build_image({module_, slash == std::string::npos ? input_.module : input_.module.substr(slash + 1),
                              &objects_, references_.get(), replacements_, edits_, input_.description});
    if (!image) return image.error();
    produced_.payload = std::move(image.value().payload);
    produced_.build_id = module_->build_id;
    produced_.bits = bits_of(module_->machine);
    for (const Replacement& replacement : replacements_) produced_.replaced.push_back(replacement.name);
    for (const Edit& edit : edits_) produced_.edited.push_back(edit.name);
    for (const Added& added : image.value().added) {
      (added.is_function ? produced_.added_functions : produced_.added_variables).push_back(added.name);
    }
    return std::move(produced_);
  }

  const ProduceInput& input_;
  Produced produced_;
  std::shared_ptr<const Module> module_;
  std::shared_ptr<const Exports> exports_;
  std::unique_ptr<Resolver> resolver_;
  std::unique_ptr<References> references_;
  std::vector<FixObject> objects_;
  std::vector<Replacement> replacements_;
  std::vector<Edit> edits_;
  std::set<uint64_t> entries_;
  std::set<uint64_t> unchanged_;  ///< functions of the module that the fix was compiled with, and has the same
  std::set<std::string> kept_;
};

}  // namespace

Result<Produced> produce(const ProduceInput& input) { return Producer(input).run(); }

}  // namespace hotreload
