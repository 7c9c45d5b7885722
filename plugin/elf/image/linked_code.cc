// Applies those fixups that lead from the image to itself and to the module.
#include "linked_code.h"

#include <algorithm>

#include "../core/bytes.h"
#include "elf_file.h"
#include "record.h"

namespace hotreload {

namespace {

constexpr uint64_t kApart = 1 << 24;

uint64_t behind(const Module& module) {
  uint64_t end = 0;
  for (const Elf64_Phdr& segment : module.segments) end = std::max(end, segment.p_vaddr + segment.p_memsz);
  return (end + kPage - 1) / kPage * kPage + kApart;
}

}  // namespace

std::map<uint64_t, CodeFunction> functions_of(const Module& module) {
  std::map<uint64_t, CodeFunction> functions;
  const auto add = [&](std::string_view name, const ModuleSymbol& symbol) {
    if (symbol.type == STT_FUNC) functions.emplace(symbol.address, CodeFunction{symbol.address, symbol.size, std::string(name)});
  };
  for (const auto& [name, symbol] : module.globals) add(name, symbol);
  for (const UnitSymbols& unit : module.units) {
    for (const auto& [name, symbol] : unit.symbols) add(name, symbol);
  }
  return functions;
}

LinkedCode::LinkedCode(const Module& module, std::string image, std::string_view fixups, std::string_view symbols)
    : module_(module),
      start_(behind(module)),
      image_(std::move(image)),
      functions_(functions_of(module)),
      register_use_(module.machine, [this](uint64_t address, uint64_t size) { return at(address, size); }, functions_) {
  Fixup fixup;
  for (uint64_t at = 0; load(fixups, at, &fixup); at += sizeof fixup) {
    FixupSymbol symbol;
    if (fixup.kind != FixupKind::kRelative32 || !load(symbols, fixup.symbol * sizeof symbol, &symbol)) continue;
    const bool own = symbol.base == Base::kImage || symbol.base == Base::kAdded;
    if (!own && symbol.base != Base::kModule) continue;
    const uint64_t target = symbol.value + (own ? start_ : 0) + uint64_t(fixup.addend);
    store(&image_, fixup.place, int32_t(int64_t(target - (start_ + fixup.place))));
  }
}

CodeFunction LinkedCode::add(uint64_t place, uint64_t size, const std::string& name) {
  return functions_.emplace(start_ + place, CodeFunction{start_ + place, size, name}).first->second;
}

std::string_view LinkedCode::at(uint64_t address, uint64_t size) const {
  if (address < start_) return module_.at(address, size);
  return std::string_view(image_).substr(std::min<uint64_t>(address - start_, image_.size()), size);
}

}  // namespace hotreload
