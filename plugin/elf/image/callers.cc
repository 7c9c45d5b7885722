// Finds direct calls by their bytes.
#include "callers.h"

#include <algorithm>

#include "../core/bytes.h"
#include "../core/names.h"
#include "linked_code.h"

namespace hotreload {

namespace {

std::string base_name(const std::string& name) { return is_clone(name) ? name.substr(0, name.find('.')) : name; }

}  // namespace

Callers::Callers(const Module& module, const std::map<uint64_t, std::string>& entries, const std::set<uint64_t>& unchanged)
    : module_(module),
      entries_(entries),
      unchanged_(unchanged),
      functions_(functions_of(module)),
      register_use_(module.machine, [&module](uint64_t address, uint64_t size) { return module.at(address, size); }, functions_) {
  std::set<uint64_t> wanted;
  for (const auto& [address, name] : module.functions) {
    for (const auto& [entry, original] : entries_) {
      if (!is_specialised_copy(name, original)) continue;
      copies_.emplace(entry, std::make_pair(address, std::string(name)));
      wanted.insert(address);
    }
  }
  for (const auto& [entry, name] : entries_) wanted.insert(entry);
  for (const Elf64_Phdr& segment : module.segments) {
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_X) == 0) continue;
    const std::string_view code = module.at(segment.p_vaddr, segment.p_filesz);
    for (uint64_t at = 0; at + 5 <= code.size(); at++) {
      const uint8_t opcode = uint8_t(code[at]);
      const bool conditional = opcode == 0x0f && (uint8_t(code[at + 1]) & 0xf0) == 0x80 && at + 6 <= code.size();
      if (opcode != 0xe8 && opcode != 0xe9 && !conditional) continue;
      const uint64_t operand = at + (conditional ? 2 : 1);
      int32_t displacement = 0;
      load(code, operand, &displacement);
      const uint64_t target = segment.p_vaddr + operand + 4 + uint64_t(int64_t(displacement));
      if (wanted.count(target) > 0) sites_.emplace(target, segment.p_vaddr + at);
    }
  }
  find_uses();
}

void Callers::find_uses() {
  for (const auto& [name, symbol] : module_.exported) {
    if (entries_.count(symbol.address) > 0) used_.insert(symbol.address);
  }
  if (entries_.empty()) return;
  const bool narrow_machine = module_.machine == Machine::kX86;
  const uint64_t least = entries_.begin()->first, most = entries_.rbegin()->first;
  const auto use = [&](uint64_t value, uint64_t place) {
    if (value < least || value > most) return;
    const auto entry = entries_.find(value);
    if (entry == entries_.end()) return;
    const auto function = functions_.find(value);
    const bool itself = function != functions_.end() && place >= value && place < value + function->second.size;
    if (!itself) used_.insert(value);
  };
  for (const Elf64_Phdr& segment : module_.segments) {
    if (segment.p_type != PT_LOAD) continue;
    const std::string_view bytes = module_.at(segment.p_vaddr, segment.p_filesz);
    const bool code = (segment.p_flags & PF_X) != 0;
    for (uint64_t at = 0; at + word_size(module_.machine) <= bytes.size(); at += code ? 1 : 4) {
      int32_t narrow = 0;
      load(bytes, at, &narrow);
      const uint64_t place = segment.p_vaddr + at;
      // A pointer, or the addend of the relocation that makes one.
      uint64_t wide = 0;
      if (!narrow_machine && load(bytes, at, &wide)) use(wide, place);
      if (narrow_machine || !module_.position_independent) use(uint64_t(uint32_t(narrow)), place);
      if (narrow_machine && code && module_.got != 0) use(module_.got + uint64_t(int64_t(narrow)), place);
      // Zeros are filler between functions, not a call of what follows.
      if (code && narrow != 0) use(place + 4 + uint64_t(int64_t(narrow)), place);
    }
  }
}

const CodeFunction* Callers::containing(uint64_t address) const {
  auto next = functions_.upper_bound(address);
  if (next == functions_.begin()) return nullptr;
  const CodeFunction& function = std::prev(next)->second;
  return address < function.address + function.size ? &function : nullptr;
}

bool Callers::is_consistent(const CodeFunction& function) const {
  return unchanged_.count(function.address) > 0 || is_replaced(function);
}

bool Callers::is_replaced(const CodeFunction& function) const {
  if (entries_.count(function.address) > 0) return true;
  const std::string base = base_name(function.name);
  for (const auto& [entry, name] : entries_) {
    if (name == base) return true;
  }
  return false;
}

std::optional<Refusal> Callers::check(uint64_t entry, const std::string& name) const {
  const auto [first_copy, last_copy] = copies_.equal_range(entry);
  for (auto copy = first_copy; copy != last_copy; ++copy) {
    const auto [first, last] = sites_.equal_range(copy->second.first);
    for (auto site = first; site != last; ++site) {
      const CodeFunction* caller = containing(site->second);
      if (!caller || is_replaced(*caller)) continue;
      return Refusal{"E_CALLER",
                     demangle(caller->name) + " calls a copy of " + demangle(name) +
                         " that the compiler made for it (" + copy->second.second +
                         "): compile the whole file, so that the fix has both",
                     name};
    }
  }
  const auto [first, last] = sites_.equal_range(entry);
  for (auto site = first; site != last; ++site) {
    const CodeFunction* caller = containing(site->second);
    const std::string_view opcode = module_.at(site->second, 1);
    if (!caller || is_consistent(*caller) || opcode != "\xe8" || !register_use_.is_relied_on(*caller, site->second + 5, entry)) continue;
    return Refusal{"E_CALLER",
                   demangle(caller->name) + " keeps values in registers while it calls " + demangle(name) +
                       ", which its compiler saw did not use them (-fipa-ra): compile the whole file, so that the fix "
                       "has both",
                   name};
  }
  return std::nullopt;
}

bool Callers::must_be_left(uint64_t entry) const {
  return std::any_of(sites_.begin(), sites_.end(), [&](const auto& site) {
    const CodeFunction* caller = containing(site.second);
    return entries_.count(site.first) > 0 && site.first != entry && caller && caller->address == entry &&
           module_.at(site.second, 1) == "\xe8" && register_use_.is_relied_on(*caller, site.second + 5, site.first);
  });
}

}  // namespace hotreload
