// Which code of a fix counts on registers that functions of the module left alone.
//
// It is examined as it will run: linked to the module in thought, a while behind it. The helper needs to know when such a
// function is fixed once more, or its fix taken back (plugin/inject/reliances.cc).
#include <elf.h>

#include <algorithm>

#include "../core/bytes.h"
#include "elf_file.h"
#include "image_builder.h"
#include "register_use.h"

namespace hotreload {

namespace {

constexpr uint64_t kApart = 1 << 24;

/// The image as it would be at `start`, as far as it refers to itself and to the module.
std::string linked_at(uint64_t start, std::string bytes, std::string_view fixups, std::string_view symbols) {
  Fixup fixup;
  for (uint64_t at = 0; load(fixups, at, &fixup); at += sizeof fixup) {
    FixupSymbol symbol;
    if (fixup.kind != FixupKind::kRelative32 || !load(symbols, fixup.symbol * sizeof symbol, &symbol)) continue;
    const bool own = symbol.base == Base::kImage || symbol.base == Base::kAdded;
    if (!own && symbol.base != Base::kModule) continue;
    const uint64_t target = symbol.value + (own ? start : 0) + uint64_t(fixup.addend);
    store(&bytes, fixup.place, int32_t(int64_t(target - (start + fixup.place))));
  }
  return bytes;
}

}  // namespace

void ImageBuilder::collect_calls() {
  for (const Use& use : uses_) {
    const bool call = !is_frame(use) && use.meaning.base == Base::kModule && use.relocation->offset > 0 &&
                      reference_of(use.relocation->type) == Reference::kRelative32 && is_branch(use) &&
                      section(use.where).bytes[use.relocation->offset - 1] == '\xe8';
    if (!call) continue;
    const uint64_t callee = use.meaning.value + uint64_t(use.meaning.addend + 4);
    const auto named = input_.module->functions.find(callee);
    const Entity* caller = (*input_.objects)[use.where.first].after->at(use.where.second, int64_t(use.relocation->offset));
    if (named == input_.module->functions.end() || !caller || caller->kind != Kind::kFunction) continue;
    calls_.push_back({&use, caller, callee, name(caller->name), name(std::string(named->second))});
  }
}

std::string ImageBuilder::reliance_table() const {
  std::string table;
  if (calls_.empty()) return table;
  uint64_t start = 0;
  std::map<uint64_t, CodeFunction> functions;
  for (const Elf64_Phdr& segment : input_.module->segments) start = std::max(start, segment.p_vaddr + segment.p_memsz);
  start = align(start, kPage) + kApart;
  const auto add = [&](std::string_view name, const ModuleSymbol& symbol) {
    if (symbol.type == STT_FUNC) functions.emplace(symbol.address, CodeFunction{symbol.address, symbol.size, std::string(name)});
  };
  for (const auto& [name, symbol] : input_.module->globals) add(name, symbol);
  for (const UnitSymbols& unit : input_.module->units) {
    for (const auto& [name, symbol] : unit.symbols) add(name, symbol);
  }
  const auto code_of = [&](const Where& where, const Entity& function) {
    return CodeFunction{start + places_.at(where) + function.offset, function.size, function.name};
  };
  for (const Where& where : order_) {
    for (const Entity& entity : (*input_.objects)[where.first].after->all()) {
      if (entity.section != where.second || entity.kind != Kind::kFunction) continue;
      const CodeFunction function = code_of(where, entity);
      functions.emplace(function.address, function);
    }
  }
  const std::string image = linked_at(start, bytes_, fixups_, symbols_);
  const RegisterUse use([&](uint64_t address, uint64_t size) {
    if (address < start) return input_.module->at(address, size);
    return std::string_view(image).substr(std::min<uint64_t>(address - start, image.size()), size);
  }, functions);
  for (const CallOfModule& call : calls_) {
    const CodeFunction caller = code_of(call.use->where, *call.caller);
    const uint64_t behind = start + places_.at(call.use->where) + call.use->offset + 4;
    if (!use.is_relied_on(caller, behind)) continue;
    auto replaced = input_.references->existing(call.use->where.first, *call.caller);
    const uint64_t entry = replaced && replaced.value() ? replaced.value()->address : 0;
    append(&table, RelianceRecord{caller.address - start, caller.size, entry, call.callee, call.name, call.callee_name});
  }
  return table;
}

}  // namespace hotreload
