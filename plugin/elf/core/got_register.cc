// Looks for what writes to the register: the instruction that makes it the address of the GOT has a relocation for it.
//
// A register that nothing else writes to in a function is that address throughout. Of others it is known from that
// instruction on, up to the next one that writes to it or that control does not go beyond: this way to the site exists, and
// on it the place is the one that is named. The same holds for what is fetched from a place in the frame that has nothing
// else put into it (clang -O0).
#include "got_register.h"

#include <algorithm>
#include <array>
#include <map>

#include "decoder.h"
#include "names.h"
#include "relocation.h"

namespace hotreload {

namespace {

constexpr size_t kRegisters = 8, kFrame = 5;
constexpr int kMostRestored = 12;  ///< instructions before a return
using Flags = std::array<bool, kRegisters>;

/// In the order of their numbers: eax, ecx, edx, ebx, esp, ebp, esi, edi.
std::optional<size_t> number_of(ZydisRegister reg) {
  const ZydisRegister whole = ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LEGACY_32, reg);
  if (ZydisRegisterGetClass(whole) != ZYDIS_REGCLASS_GPR32) return std::nullopt;
  return size_t(ZydisRegisterGetId(whole));
}

bool is_kept_by_callees(size_t reg) { return reg >= 3; }

class Search {
 public:
  Search(const Object& object, const Entity& function)
      : object_(object), section_(object.sections[function.section]), function_(function), decoder_(Machine::kX86) {}

  bool run(uint64_t site) {
    pass(site);  // tells what is put into places of the frame
    holds_ = made_ = other_ = {};
    framed_ = false;
    return pass(site);
  }

 private:
  bool pass(uint64_t site) {
    std::optional<size_t> base;
    bool known_at_site = false;
    const uint64_t end = function_.offset + function_.size;
    for (uint64_t at = function_.offset; at < end; at += instruction_.length) {
      if (!decoder_.decode(section_.bytes.substr(at, end - at), &instruction_, operands_)) return false;
      if (at <= site && site < at + instruction_.length) {
        base = base_of(at, site);
        if (!base) return false;
        known_at_site = holds_[*base];
      }
      follow(at);
    }
    return base && (known_at_site || (made_[*base] && !other_[*base]));
  }

  std::optional<size_t> base_of(uint64_t at, uint64_t site) const {
    if (instruction_.raw.disp.size != 32 || at + instruction_.raw.disp.offset != site) return std::nullopt;
    for (int i = 0; i < instruction_.operand_count_visible; i++) {
      const ZydisDecodedOperand& operand = operands_[i];
      if (operand.type != ZYDIS_OPERAND_TYPE_MEMORY) continue;
      if (operand.mem.type != ZYDIS_MEMOP_TYPE_MEM || operand.mem.index != ZYDIS_REGISTER_NONE) return std::nullopt;
      return number_of(operand.mem.base);
    }
    return std::nullopt;
  }

  const Relocation* relocation_in(uint64_t at, uint64_t size) const {
    const auto found = std::lower_bound(section_.relocations.begin(), section_.relocations.end(), at,
                                        [](const Relocation& r, uint64_t offset) { return r.offset < offset; });
    return found != section_.relocations.end() && found->offset < at + size ? &*found : nullptr;
  }

  void follow(uint64_t at) {
    const Relocation* relocation = relocation_in(at, instruction_.length);
    const bool makes = relocation && reference_of(relocation->type) == Reference::kGotAddress;
    if (instruction_.meta.category == ZYDIS_CATEGORY_CALL) {
      // A thunk sets its register to the place behind the call, and clang calls that place itself.
      const bool own_place = relocation ? is_pc_thunk(object_.symbols[relocation->symbol].name)
                                        : operands_[0].type == ZYDIS_OPERAND_TYPE_IMMEDIATE && operands_[0].imm.value.s == 0;
      for (size_t reg = 0; reg < kRegisters && !own_place; reg++) {
        if (!is_kept_by_callees(reg)) write(reg);
      }
      return;
    }
    const auto place = frame_place();
    if (place && (operands_[0].actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) != 0 && operands_[0].type == ZYDIS_OPERAND_TYPE_MEMORY) {
      const auto source = operands_[1].type == ZYDIS_OPERAND_TYPE_REGISTER ? number_of(operands_[1].reg.value) : std::nullopt;
      const bool got = instruction_.mnemonic == ZYDIS_MNEMONIC_MOV && source && holds_[*source];
      const auto [kept, fresh] = kept_.emplace(*place, got);
      kept->second = kept->second && got;
    }
    const bool framed = framed_ && !other_[kFrame];
    const bool fetches = framed && instruction_.mnemonic == ZYDIS_MNEMONIC_MOV && place && kept_.count(*place) > 0 && kept_.at(*place);
    const auto category = instruction_.meta.category;
    if (category == ZYDIS_CATEGORY_UNCOND_BR || category == ZYDIS_CATEGORY_RET) holds_ = {};
    for (int i = 0; i < instruction_.operand_count; i++) {
      const ZydisDecodedOperand& operand = operands_[i];
      const bool written = operand.type == ZYDIS_OPERAND_TYPE_REGISTER && (operand.actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) != 0;
      const auto reg = written ? number_of(operand.reg.value) : std::nullopt;
      if (!reg) continue;
      // Restored at the end of the function, or fetched by clang to make the address of it.
      const bool restored = is_made_next(at, *reg) || (is_kept_by_callees(*reg) && ends_function(at));
      if (makes || fetches) made_[*reg] = holds_[*reg] = true;
      else if (begins_frame()) framed_ = true;
      else if (restored) holds_[*reg] = false;
      else write(*reg);
    }
  }

  /// The place in the frame that the instruction reads or writes, as its distance from ebp.
  std::optional<int64_t> frame_place() const {
    for (int i = 0; i < instruction_.operand_count_visible; i++) {
      const ZydisDecodedOperand& operand = operands_[i];
      const bool frame = operand.type == ZYDIS_OPERAND_TYPE_MEMORY && operand.mem.base == ZYDIS_REGISTER_EBP;
      if (frame && operand.mem.index == ZYDIS_REGISTER_NONE) return operand.mem.disp.value;
    }
    return std::nullopt;
  }

  /// False where ebp is a register like the others (-fomit-frame-pointer).
  bool begins_frame() const {
    return instruction_.mnemonic == ZYDIS_MNEMONIC_MOV && operands_[0].type == ZYDIS_OPERAND_TYPE_REGISTER &&
           operands_[0].reg.value == ZYDIS_REGISTER_EBP && operands_[1].type == ZYDIS_OPERAND_TYPE_REGISTER &&
           operands_[1].reg.value == ZYDIS_REGISTER_ESP;
  }

  /// True if what follows, up to the return, only gives the caller its registers back.
  bool ends_function(uint64_t at) const {
    ZydisDecodedInstruction instruction;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    for (int count = 0; count < kMostRestored && at < section_.bytes.size(); count++, at += instruction.length) {
      if (!decoder_.decode(section_.bytes.substr(at), &instruction, operands)) return false;
      if (instruction.meta.category == ZYDIS_CATEGORY_RET) return true;
      // A call at the end of the function became a jump.
      if (instruction.meta.category == ZYDIS_CATEGORY_UNCOND_BR) return relocation_in(at, instruction.length) != nullptr;
      const bool loads = instruction.mnemonic == ZYDIS_MNEMONIC_MOV && operands[1].type == ZYDIS_OPERAND_TYPE_MEMORY &&
                         operands[1].mem.base == ZYDIS_REGISTER_EBP;
      const bool pointer = operands[0].type == ZYDIS_OPERAND_TYPE_REGISTER && operands[0].reg.value == ZYDIS_REGISTER_ESP;
      const bool pops = instruction.mnemonic == ZYDIS_MNEMONIC_POP || instruction.mnemonic == ZYDIS_MNEMONIC_LEAVE;
      if (!loads && !pointer && !pops) return false;
    }
    return false;
  }

  bool is_made_next(uint64_t at, size_t reg) const {
    const uint64_t next = at + instruction_.length;
    ZydisDecodedInstruction instruction;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    if (next >= section_.bytes.size() || !decoder_.decode(section_.bytes.substr(next), &instruction, operands)) return false;
    const Relocation* relocation = relocation_in(next, instruction.length);
    return relocation && reference_of(relocation->type) == Reference::kGotAddress &&
           operands[0].type == ZYDIS_OPERAND_TYPE_REGISTER && number_of(operands[0].reg.value) == reg;
  }

  void write(size_t reg) {
    holds_[reg] = false;
    other_[reg] = true;
  }

  const Object& object_;
  const Section& section_;
  const Entity& function_;
  const Decoder decoder_;
  ZydisDecodedInstruction instruction_;
  ZydisDecodedOperand operands_[ZYDIS_MAX_OPERAND_COUNT];
  Flags holds_{}, made_{}, other_{};
  bool framed_ = false;           ///< ebp is the frame's
  std::map<int64_t, bool> kept_;  ///< true for those that have the address of the GOT and nothing else
};

}  // namespace

bool counts_from_got(const Object& object, const Entity& function, uint64_t site) {
  if (function.section == 0 || function.kind != Kind::kFunction) return false;
  if (function.offset + function.size > object.sections[function.section].bytes.size()) return false;
  return Search(object, function).run(site);
}

}  // namespace hotreload
