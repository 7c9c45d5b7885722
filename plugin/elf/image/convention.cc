// Follows the stack pointer through a function, to tell arguments from what is its own.
#include "convention.h"

#include <deque>
#include <optional>
#include <set>

namespace hotreload {

namespace {

constexpr int64_t kFirstArgument = 4;  ///< behind the return address

/// Places of the stack, from where the return address is; nothing where that is not known.
struct StackRegisters {
  std::optional<int64_t> pointer, frame;
};

class StackWalk {
 public:
  StackWalk(const LinkedCode& code, const CodeFunction& function) : code_(code), function_(function) {}

  Convention run() {
    pending_.emplace_back(function_.address, StackRegisters{0, std::nullopt});
    while (!pending_.empty()) {
      auto [at, registers] = pending_.front();
      pending_.pop_front();
      registers_ = registers;
      while (seen_.insert(at).second && step(&at)) continue;
    }
    result_.may_read_stack = result_.may_read_stack || result_.reads_stack;
    return result_;
  }

 private:
  /// False where control does not go on behind the instruction.
  bool step(uint64_t* at) {
    const uint64_t end = function_.address + function_.size;
    const Decoder decoder(Machine::kX86);
    if (*at < function_.address || *at >= end || !decoder.decode(code_.at(*at, end - *at), &instruction_, operands_)) return false;
    for (int i = 0; i < instruction_.operand_count; i++) look_at(operands_[i]);
    result_.x87 = result_.x87 || instruction_.meta.category == ZYDIS_CATEGORY_X87_ALU;
    const uint64_t next = *at + instruction_.length;
    ZyanU64 target = 0;
    const bool relative = (instruction_.attributes & ZYDIS_ATTRIB_IS_RELATIVE) != 0 &&
                          ZYAN_SUCCESS(ZydisCalcAbsoluteAddress(&instruction_, &operands_[0], *at, &target));
    const auto category = instruction_.meta.category;
    const bool calls = category == ZYDIS_CATEGORY_CALL, jumps = category == ZYDIS_CATEGORY_UNCOND_BR;
    if (calls && target == next) move(-4);  // clang's way to learn its own place
    else if (!calls) move_pointer();
    if ((jumps || category == ZYDIS_CATEGORY_COND_BR) && relative) pending_.emplace_back(target, registers_);
    if (jumps && !relative) result_.may_read_stack = true;  // a jump table
    *at = next;
    return !jumps && category != ZYDIS_CATEGORY_RET;
  }

  void look_at(const ZydisDecodedOperand& operand) {
    if (operand.type == ZYDIS_OPERAND_TYPE_REGISTER) {
      result_.sse = result_.sse || ZydisRegisterGetClass(operand.reg.value) == ZYDIS_REGCLASS_XMM;
    }
    if (operand.type != ZYDIS_OPERAND_TYPE_MEMORY || operand.visibility != ZYDIS_OPERAND_VISIBILITY_EXPLICIT) return;
    const bool pointer = operand.mem.base == ZYDIS_REGISTER_ESP, frame = operand.mem.base == ZYDIS_REGISTER_EBP;
    if (!pointer && !frame) return;
    const auto& base = pointer ? registers_.pointer : registers_.frame;
    // What writes to an argument has it on the stack as well.
    if (base) result_.reads_stack = result_.reads_stack || *base + operand.mem.disp.value >= kFirstArgument;
    else if (pointer) result_.may_read_stack = true;
  }

  void move(int64_t bytes) {
    if (registers_.pointer) *registers_.pointer += bytes;
  }

  bool is_register(int operand, ZydisRegister reg) const {
    return operand < instruction_.operand_count && operands_[operand].type == ZYDIS_OPERAND_TYPE_REGISTER &&
           operands_[operand].reg.value == reg;
  }

  void move_pointer() {
    const auto& first = operands_[0];
    const int64_t width = instruction_.operand_width / 8;
    const bool immediate = operands_[1].type == ZYDIS_OPERAND_TYPE_IMMEDIATE;
    switch (instruction_.mnemonic) {
      case ZYDIS_MNEMONIC_PUSH: return move(-width);
      case ZYDIS_MNEMONIC_POP:
        if (is_register(0, ZYDIS_REGISTER_EBP)) registers_.frame.reset();
        return move(width);
      case ZYDIS_MNEMONIC_LEAVE:
        registers_.pointer = registers_.frame;
        registers_.frame.reset();
        return move(4);
      case ZYDIS_MNEMONIC_SUB:
      case ZYDIS_MNEMONIC_ADD:
        if (!is_register(0, ZYDIS_REGISTER_ESP)) break;
        if (!immediate) return registers_.pointer.reset();
        return move(instruction_.mnemonic == ZYDIS_MNEMONIC_ADD ? operands_[1].imm.value.s : -operands_[1].imm.value.s);
      case ZYDIS_MNEMONIC_MOV:
        if (is_register(0, ZYDIS_REGISTER_EBP) && is_register(1, ZYDIS_REGISTER_ESP)) registers_.frame = registers_.pointer;
        else if (is_register(0, ZYDIS_REGISTER_ESP) && is_register(1, ZYDIS_REGISTER_EBP)) registers_.pointer = registers_.frame;
        else break;
        return;
      case ZYDIS_MNEMONIC_LEA:
        if (!is_register(0, ZYDIS_REGISTER_ESP) || operands_[1].mem.index != ZYDIS_REGISTER_NONE) break;
        if (operands_[1].mem.base == ZYDIS_REGISTER_EBP) registers_.pointer = registers_.frame;
        else if (operands_[1].mem.base != ZYDIS_REGISTER_ESP) registers_.pointer.reset();
        return move(operands_[1].mem.disp.value);
      default: break;
    }
    if (first.type != ZYDIS_OPERAND_TYPE_REGISTER || (first.actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) == 0) return;
    if (first.reg.value == ZYDIS_REGISTER_ESP) registers_.pointer.reset();
    if (first.reg.value == ZYDIS_REGISTER_EBP) registers_.frame.reset();
  }

  const LinkedCode& code_;
  const CodeFunction& function_;
  Convention result_{};
  StackRegisters registers_;
  ZydisDecodedInstruction instruction_;
  ZydisDecodedOperand operands_[ZYDIS_MAX_OPERAND_COUNT];
  std::deque<std::pair<uint64_t, StackRegisters>> pending_;
  std::set<uint64_t> seen_;
};

}  // namespace

Convention convention_of(const LinkedCode& code, const CodeFunction& function) {
  Convention found = StackWalk(code, function).run();
  found.registers = code.register_use().taken_by(function);
  return found;
}

bool fits(const Convention& old, const Convention& fresh) {
  if (old.registers != fresh.registers) return false;
  // Where both use none, the calls may still pass them in registers: then they are not on the stack.
  if (fresh.registers == 0 && fresh.may_read_stack && !old.reads_stack) return false;
  return old.x87 == fresh.x87 || !(old.sse || fresh.sse);
}

}  // namespace hotreload
