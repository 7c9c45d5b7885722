// Looks at the entry of a function, and at what else is known by its address.
#include "replaceable.h"

#include "names.h"

namespace hotreload {

namespace {

bool starts_with(std::string_view text, std::string_view prefix) { return text.substr(0, prefix.size()) == prefix; }

/// Five bytes of padding before the entry and two no-op bytes at it (or behind an endbr64) make a function replaceable.
bool is_prepared(const LoadedModule& target, uint64_t entry) {
  const std::string_view bytes = target.module->at(entry - target.bias - 5, 11);
  if (bytes.empty()) return true;  // brought by an earlier patch: its entry was checked by its compiler's flags already
  const std::string_view start = bytes.substr(5);
  const std::string_view mark = starts_with(start, "\xf3\x0f\x1e\xfa") ? start.substr(4, 2) : start.substr(0, 2);
  return mark == "\x90\x90" || mark == "\x66\x90";
}

/// The module has it under the name that it had when it was linked.
bool is_former_name(const std::string& name, const std::string& now) {
  if (name == now || without_linkage(name) == without_linkage(now)) return true;
  if (!may_mention_anonymous(name) || !may_mention_anonymous(now)) return false;
  return without_anonymous_numbers(name, demangle(name)) == without_anonymous_numbers(now, demangle(now));
}

/// Compilers and linkers fold functions of the same code into one: redirecting it would change the others as well.
/// Returns the name of another one that has the entry, "" if none has.
std::string sharer_of(const Canonicals& canonicals, const PatchObject& object, const Entity& function, uint64_t entry) {
  const LoadedModule& target = canonicals.target();
  const auto [first, last] = target.module->functions.equal_range(entry - target.bias);
  for (auto at = first; at != last; ++at) {
    const std::string name(at->second);
    if (is_clone(name) || is_former_name(name, function.name)) continue;
    const Entity* other = object.after->find(name);
    const bool alias = other && other->section == function.section && other->offset == function.offset;
    const bool elsewhere = other && canonicals.entry_of(object, *other) != entry;
    const bool removed = !other && object.before && object.before->find(name);
    if (!alias && !elsewhere && !removed) return name;
  }
  return "";
}

}  // namespace

std::vector<Refusal> check_replaceable(const Canonicals& canonicals, const PatchObject& object, const Entity& function,
                                       uint64_t entry) {
  std::vector<Refusal> refusals;
  const std::string name = demangle(function.name);
  if (!is_prepared(canonicals.target(), entry)) {
    refusals.push_back({"E_FUNCTION",
                        name + " was not compiled to be replaceable (-fpatchable-function-entry=8,6)",
                        function.name});
  }
  const std::string sharer = sharer_of(canonicals, object, function, entry);
  if (!sharer.empty()) {
    refusals.push_back({"E_FUNCTION",
                        name + " shares its code with " + demangle(sharer) +
                            " (identical code was folded), so that it cannot be replaced alone",
                        function.name});
  }
  return refusals;
}

}  // namespace hotreload
