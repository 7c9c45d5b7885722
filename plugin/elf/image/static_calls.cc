// Whether the calls of static functions fit what they reach, in 32-bit x86 (convention.h).
//
// Calls that the module has reach the new code of a replaced function, and code of the fix calls static functions that
// only the module has, as any function that it knows by its declaration alone.
#include <set>

#include "../core/names.h"
#include "convention.h"
#include "image_builder.h"

namespace hotreload {

namespace {

/// Entries of the functions that no other file can call by their names.
std::set<uint64_t> static_functions(const Module& module) {
  std::set<uint64_t> found;
  for (const UnitSymbols& unit : module.units) {
    for (const auto& [name, symbol] : unit.symbols) {
      if (symbol.type == STT_FUNC) found.insert(symbol.address);
    }
  }
  for (const auto& [name, symbol] : module.globals) found.erase(symbol.address);
  return found;
}

}  // namespace

Result<Nothing> ImageBuilder::check_conventions() {
  if (machine() != Machine::kX86) return Nothing{};
  const auto code = linked_code();
  const std::set<uint64_t> statics = static_functions(*input_.module);
  for (const Replacement& replacement : input_.replacements) {
    const Entity& function = *replacement.function;
    const auto old = code->functions().find(replacement.entry.entry);
    if (old == code->functions().end() || (statics.count(old->first) == 0 && !function.local)) continue;
    const uint64_t start = code->start() + places_.at({replacement.object, function.section}) + function.offset;
    const CodeFunction fresh{start, function.size, function.name};
    if (fits(convention_of(*code, old->second), convention_of(*code, fresh))) continue;
    return Error{"E_CALLER",
                 demangle(replacement.name) +
                     " is static, and the code of the fix takes its arguments from other places than those where calls in the "
                     "running module have them (compilers choose registers for them): compile the whole file with the "
                     "options of the module",
                 object(replacement.object).path};
  }
  for (const Use& use : uses_) {
    const bool declared = !object(use.where.first).symbols[use.relocation->symbol].defined();
    if (use.meaning.base != Base::kModule || !declared || statics.count(use.meaning.value) == 0) continue;
    const auto called = code->functions().find(use.meaning.value);
    if (called == code->functions().end()) continue;
    const Convention convention = convention_of(*code, called->second);
    if (convention.registers == 0 && !convention.sse) continue;
    return Error{"E_CALLER",
                 demangle(called->second.name) +
                     " is static in the running module, and its compiler chose registers for its arguments: compile the whole "
                     "file, so that the fix has it",
                 object(use.where.first).path};
  }
  return Nothing{};
}

}  // namespace hotreload
