// Which code of a fix counts on registers that functions of the module left alone.
//
// It is examined as it will run (linked_code.h). The helper needs to know when such a
// function is fixed once more, or its fix taken back (plugin/inject/reliances.cc).
#include "../core/bytes.h"
#include "image_builder.h"

namespace hotreload {

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

std::unique_ptr<LinkedCode> ImageBuilder::linked_code() const {
  auto code = std::make_unique<LinkedCode>(*input_.module, bytes_, fixups_, symbols_);
  for (const Where& where : order_) {
    for (const Entity& entity : (*input_.objects)[where.first].after->all()) {
      if (entity.section != where.second || entity.kind != Kind::kFunction) continue;
      code->add(places_.at(where) + entity.offset, entity.size, entity.name);
    }
  }
  return code;
}

std::string ImageBuilder::reliance_table() const {
  std::string table;
  if (calls_.empty()) return table;
  const auto code = linked_code();
  for (const CallOfModule& call : calls_) {
    const uint64_t section = code->start() + places_.at(call.use->where), start = section + call.caller->offset;
    const CodeFunction caller{start, call.caller->size, call.caller->name};
    if (!code->register_use().is_relied_on(caller, section + call.use->offset + 4, call.callee)) continue;
    auto replaced = input_.references->existing(call.use->where.first, *call.caller);
    const uint64_t entry = replaced && replaced.value() ? replaced.value()->address : 0;
    append(&table, RelianceRecord{start - code->start(), caller.size, entry, call.callee, call.name, call.callee_name});
  }
  return table;
}

}  // namespace hotreload
