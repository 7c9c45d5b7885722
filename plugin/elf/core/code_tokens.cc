// Reads code with Zydis.
#include "code_tokens.h"

#include <algorithm>

#include "decoder.h"

namespace hotreload {

namespace {

/// How far pointers in constants are followed.
constexpr int kDeepest = 4;

bool is_stack_pointer(ZydisRegister base) { return base == ZYDIS_REGISTER_RSP || base == ZYDIS_REGISTER_ESP; }
bool is_stack(ZydisRegister base) {
  return is_stack_pointer(base) || base == ZYDIS_REGISTER_RBP || base == ZYDIS_REGISTER_EBP;
}

/// Optimisers choose among these as registers and the layout of blocks have it.
bool is_arrangement(const ZydisDecodedInstruction& instruction, const ZydisDecodedOperand* operands) {
  switch (instruction.meta.category) {
    case ZYDIS_CATEGORY_DATAXFER:
    case ZYDIS_CATEGORY_CALL:
    case ZYDIS_CATEGORY_COND_BR:
    case ZYDIS_CATEGORY_UNCOND_BR:
    case ZYDIS_CATEGORY_RET:
    case ZYDIS_CATEGORY_PUSH:
    case ZYDIS_CATEGORY_POP:
    case ZYDIS_CATEGORY_NOP:
    case ZYDIS_CATEGORY_WIDENOP: return true;
    default: break;
  }
  const bool same = instruction.operand_count > 1 && operands[0].type == ZYDIS_OPERAND_TYPE_REGISTER &&
                    operands[1].type == ZYDIS_OPERAND_TYPE_REGISTER && operands[0].reg.value == operands[1].reg.value;
  switch (instruction.mnemonic) {
    case ZYDIS_MNEMONIC_LEA:
    case ZYDIS_MNEMONIC_TEST:
    case ZYDIS_MNEMONIC_CMP:
    case ZYDIS_MNEMONIC_LEAVE: return true;
    case ZYDIS_MNEMONIC_XOR: return same;  // zero
    default: return false;
  }
}

/// The constructors of complete and of base objects are mostly one piece of code, which either name may be told for
/// (Itanium C++ ABI 5.1.4.3).
std::string complete(std::string name) {
  for (const char* base : {"C2E", "D2E"}) {
    for (size_t at = name.find(base); at != std::string::npos; at = name.find(base, at + 1)) name[at + 1] = '1';
  }
  return name;
}

class Reader {
 public:
  Reader(const Entities& entities, const Entity& function, const EntityName& name_of)
      : entities_(entities), function_(function), name_of_(name_of), section_(entities.object().sections[function.section]),
        decoder_(entities.object().machine) {}

  std::vector<Instruction> read() {
    if (section_.bytes.empty()) return {};
    const std::string_view code = section_.bytes.substr(function_.offset, function_.size);
    relocation_ = std::find_if(section_.relocations.begin(), section_.relocations.end(),
                               [&](const Relocation& one) { return one.offset >= function_.offset; });
    for (uint64_t at = 0; at < code.size();) {
      ZydisDecodedInstruction decoded;
      ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
      const bool done = decoder_.decode(code.substr(at), &decoded, operands);
      read_.push_back({at, done ? at + decoded.length : code.size(), {}, false, false, done, std::nullopt});
      if (done) take(decoded, operands);
      else add("code of " + function_.name + " that cannot be read, at " + std::to_string(at));
      at = read_.back().end;
    }
    return std::move(read_);
  }

 private:
  void add(std::string text, const Entity* entity = nullptr) { read_.back().tokens.push_back({std::move(text), entity}); }

  void take(const ZydisDecodedInstruction& decoded, const ZydisDecodedOperand* operands) {
    Instruction& instruction = read_.back();
    const uint64_t end = function_.offset + instruction.end;
    const bool refers = relocation_ != section_.relocations.end() && relocation_->offset < end;
    for (; relocation_ != section_.relocations.end() && relocation_->offset < end; ++relocation_) {
      add_target(entities_.target_of(function_.section, *relocation_), kDeepest);
    }
    const auto category = decoded.meta.category;
    const bool jumps = category == ZYDIS_CATEGORY_UNCOND_BR || category == ZYDIS_CATEGORY_COND_BR;
    instruction.calls = category == ZYDIS_CATEGORY_CALL || (category == ZYDIS_CATEGORY_UNCOND_BR && refers);
    instruction.goes_on = category != ZYDIS_CATEGORY_UNCOND_BR && category != ZYDIS_CATEGORY_RET &&
                          decoded.mnemonic != ZYDIS_MNEMONIC_UD2;
    if (jumps && !refers && operands[0].type == ZYDIS_OPERAND_TYPE_IMMEDIATE) {
      instruction.jumps_to = instruction.end + uint64_t(operands[0].imm.value.s);
    }
    if (decoded.operand_count == 0) return;
    instruction.stores = refers && operands[0].type == ZYDIS_OPERAND_TYPE_MEMORY && (operands[0].actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) != 0;
    const bool adjusts_stack = operands[0].type == ZYDIS_OPERAND_TYPE_REGISTER && is_stack_pointer(operands[0].reg.value);
    if (adjusts_stack) return;
    if (!is_arrangement(decoded, operands)) add(ZydisMnemonicGetString(decoded.mnemonic));
    for (uint8_t i = 0; i < decoded.operand_count_visible; i++) {
      const ZydisDecodedOperand& operand = operands[i];
      if (operand.type == ZYDIS_OPERAND_TYPE_IMMEDIATE && !operand.imm.is_relative) {
        add("value " + std::to_string(operand.imm.value.s));
      } else if (operand.type == ZYDIS_OPERAND_TYPE_MEMORY && !refers && !is_stack(operand.mem.base) && operand.mem.disp.value != 0) {
        add("member " + std::to_string(operand.mem.disp.value));
      }
    }
  }

  void add_target(const Target& target, int depth) {
    if (target.form == Target::Form::kExternal) return add(complete(std::string(target.name)));
    if (target.form == Target::Form::kContents) return add_contents(target.section, target.offset, depth);
    if (target.form != Target::Form::kEntity) return;
    const Entity& entity = *target.entity;
    // A label inside the function itself is an arrangement; a numbered constant is its contents.
    const std::string offset = target.offset == 0 ? "" : "+" + std::to_string(target.offset);
    if (!entity.part_of_user) return add(complete(name_of_(entity)) + offset, &entity);
    add_contents(entity.section, int64_t(entity.offset) + target.offset, depth);
  }

  void add_contents(uint32_t index, int64_t place, int depth) {
    const Section& section = entities_.object().sections[index];
    const uint64_t start = uint64_t(std::max<int64_t>(0, place));
    if (section.executable() || start >= section.bytes.size()) return;
    const uint64_t end = entities_.contents_end(index, start);
    add("\"" + std::string(section.bytes.substr(start, end - start)));
    for (const Relocation& relocation : section.relocations) {
      const bool inside = relocation.offset >= start && relocation.offset < end;
      if (inside && depth > 0) add_target(entities_.target_of(index, relocation), depth - 1);
    }
  }

  const Entities& entities_;
  const Entity& function_;
  const EntityName& name_of_;
  const Section& section_;
  const Decoder decoder_;
  std::vector<Relocation>::const_iterator relocation_;
  std::vector<Instruction> read_;
};

}  // namespace

std::vector<Instruction> instructions_of(const Entities& entities, const Entity& function, const EntityName& name_of) {
  return Reader(entities, function, name_of).read();
}

}  // namespace hotreload
