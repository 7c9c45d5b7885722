// Decodes what follows a call with Zydis.
#include "register_use.h"

#include <deque>

namespace hotreload {

namespace {

constexpr int kDeepest = 3;       ///< calls followed
constexpr size_t kMostCode = 400; ///< instructions looked at behind a call

// Registers that a callee may change, one bit each; xmm0 is bit 16.
constexpr unsigned kRcx = 1, kRsi = 2, kRdi = 4, kR8 = 8, kR9 = 16, kR10 = 32, kR11 = 64, kRax = 128, kRdx = 256;
constexpr unsigned kXmm = 1u << 16;

struct Registers {
  unsigned scratch;   ///< a callee may change them, and they return nothing
  unsigned returned;  ///< they may return something, which a callee sets then
  unsigned arguments;
  unsigned first_argument;  ///< of a function whose code is not known
};

/// System V ABI of x86-64, 3.2.1; of i386, 2.2.3, where static functions have their arguments in registers as well.
Registers registers_of(Machine machine) {
  if (machine == Machine::kX86) return {kRcx | (0xfcu * kXmm), kRax | kRdx, kRax | kRdx | kRcx | (7u * kXmm), 0};
  return {kRcx | kRsi | kRdi | kR8 | kR9 | kR10 | kR11 | (0xfffcu * kXmm), 0,
          kRcx | kRsi | kRdi | kR8 | kR9 | (0xfcu * kXmm), kRdi};
}

unsigned bit_of(ZydisRegister reg) {
  switch (ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, reg)) {
    case ZYDIS_REGISTER_RAX: return kRax;
    case ZYDIS_REGISTER_RDX: return kRdx;
    case ZYDIS_REGISTER_RCX: return kRcx;
    case ZYDIS_REGISTER_RSI: return kRsi;
    case ZYDIS_REGISTER_RDI: return kRdi;
    case ZYDIS_REGISTER_R8: return kR8;
    case ZYDIS_REGISTER_R9: return kR9;
    case ZYDIS_REGISTER_R10: return kR10;
    case ZYDIS_REGISTER_R11: return kR11;
    default: break;
  }
  const ZyanI8 id = ZydisRegisterGetId(reg);
  const ZydisRegisterClass kind = ZydisRegisterGetClass(reg);
  const bool vector = kind == ZYDIS_REGCLASS_XMM || kind == ZYDIS_REGCLASS_YMM || kind == ZYDIS_REGCLASS_ZMM;
  return vector && id >= 0 && id < 16 ? kXmm << id : 0;
}

struct Instruction {
  ZydisDecodedInstruction decoded;
  ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
  unsigned read = 0, written = 0, touched = 0;
};

/// Registers that the instruction reads, those that it sets as a whole, and those that it changes.
void collect_registers(Instruction* instruction) {
  const ZydisDecodedInstruction& decoded = instruction->decoded;
  const auto* operands = instruction->operands;
  if (decoded.mnemonic == ZYDIS_MNEMONIC_NOP || decoded.mnemonic == ZYDIS_MNEMONIC_ENDBR64) return;
  const bool two = decoded.operand_count >= 2 && operands[0].type == ZYDIS_OPERAND_TYPE_REGISTER &&
                   operands[1].type == ZYDIS_OPERAND_TYPE_REGISTER && operands[0].reg.value == operands[1].reg.value;
  const bool clears = two && (decoded.mnemonic == ZYDIS_MNEMONIC_XOR || decoded.mnemonic == ZYDIS_MNEMONIC_PXOR ||
                              decoded.mnemonic == ZYDIS_MNEMONIC_XORPS || decoded.mnemonic == ZYDIS_MNEMONIC_XORPD ||
                              decoded.mnemonic == ZYDIS_MNEMONIC_VPXOR || decoded.mnemonic == ZYDIS_MNEMONIC_VXORPS ||
                              decoded.mnemonic == ZYDIS_MNEMONIC_VXORPD || decoded.mnemonic == ZYDIS_MNEMONIC_SUB ||
                              decoded.mnemonic == ZYDIS_MNEMONIC_SBB);
  // The upper part of the destination is kept, which is not what the program means by it.
  const bool converts = decoded.mnemonic == ZYDIS_MNEMONIC_CVTSI2SD || decoded.mnemonic == ZYDIS_MNEMONIC_CVTSI2SS ||
                        decoded.mnemonic == ZYDIS_MNEMONIC_SQRTSD || decoded.mnemonic == ZYDIS_MNEMONIC_CVTSD2SS ||
                        decoded.mnemonic == ZYDIS_MNEMONIC_CVTSS2SD;
  for (int i = 0; i < decoded.operand_count; i++) {
    const ZydisDecodedOperand& operand = operands[i];
    if (operand.type == ZYDIS_OPERAND_TYPE_MEMORY) {
      instruction->read |= bit_of(operand.mem.base) | bit_of(operand.mem.index);
    }
    if (operand.type != ZYDIS_OPERAND_TYPE_REGISTER) continue;
    const unsigned bit = bit_of(operand.reg.value);
    const bool reads = (operand.actions & ZYDIS_OPERAND_ACTION_MASK_READ) != 0;
    if (reads && !clears && !(converts && i == 0)) instruction->read |= bit;
    const bool whole = operand.size >= 32;
    if ((operand.actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) != 0) instruction->touched |= bit;
    if ((operand.actions & ZYDIS_OPERAND_ACTION_WRITE) != 0 && (whole || clears)) instruction->written |= bit;
  }
}

/// False if nothing can be decoded.
bool decode(const Decoder& decoder, const CodeAt& code, uint64_t address, uint64_t end, Instruction* instruction) {
  if (address >= end) return false;
  if (!decoder.decode(code(address, end - address), &instruction->decoded, instruction->operands)) return false;
  instruction->read = instruction->written = instruction->touched = 0;
  collect_registers(instruction);
  return true;
}

}  // namespace

bool RegisterUse::is_relied_on(const CodeFunction& caller, uint64_t behind, uint64_t callee) const {
  const Registers registers = registers_of(decoder_.machine());
  unsigned open = registers.scratch;
  for (unsigned rest = registers.returned; rest != 0; rest &= rest - 1) {
    const unsigned one = rest & ~(rest - 1);
    if (leaves_alone(callee, one, 0)) open |= one;  // then it is not what the callee returned
  }
  // What the caller set before the call: a first argument that is handed on to a library shows only by that.
  unsigned set_before = 0;
  Instruction instruction;
  for (uint64_t at = caller.address; at < behind && decode(decoder_, code_, at, behind, &instruction);
       at += instruction.decoded.length) {
    set_before |= instruction.written;
  }
  return is_needed(caller, behind, open, set_before, 0);
}

unsigned RegisterUse::taken_by(const CodeFunction& function) const {
  unsigned taken = 0;
  for (unsigned rest = registers_of(decoder_.machine()).arguments; rest != 0; rest &= rest - 1) {
    const unsigned one = rest & ~(rest - 1);
    if (is_needed(function, function.address, one, 0, 0)) taken |= one;
  }
  return taken;
}

/// True if no code of the function, or of those that it calls, changes the register.
bool RegisterUse::leaves_alone(uint64_t function, unsigned registers, int depth) const {
  const auto found = functions_.find(function);
  if (found == functions_.end()) return false;
  const uint64_t start = found->second.address, end = start + found->second.size;
  Instruction instruction;
  for (uint64_t at = start; at < end; at += instruction.decoded.length) {
    if (!decode(decoder_, code_, at, end, &instruction) || (instruction.touched & registers) != 0) return false;
    const bool calls = instruction.decoded.meta.category == ZYDIS_CATEGORY_CALL;
    const bool jumps = instruction.decoded.meta.category == ZYDIS_CATEGORY_UNCOND_BR;
    ZyanU64 target = 0;
    const bool relative = (instruction.decoded.attributes & ZYDIS_ATTRIB_IS_RELATIVE) != 0 && (calls || jumps) &&
                          ZYAN_SUCCESS(ZydisCalcAbsoluteAddress(&instruction.decoded, &instruction.operands[0], at, &target));
    if (calls && !relative) return false;
    if (relative && (target < start || target >= end) && (depth >= kDeepest || !leaves_alone(target, registers, depth + 1))) return false;
  }
  return true;
}

/// True if code from `start` on uses one of the registers before it sets it.
bool RegisterUse::is_needed(const CodeFunction& where, uint64_t start, unsigned registers, unsigned set_before, int depth) const {
  std::map<uint64_t, unsigned> seen;
  std::deque<std::pair<uint64_t, unsigned>> pending{{start, registers}};
  for (size_t count = 0; !pending.empty() && count < kMostCode; count++) {
    auto [at, open] = pending.front();
    pending.pop_front();
    unsigned& before = seen[at];
    if ((open & ~before) == 0) continue;
    before |= open;
    Instruction instruction;
    if (!decode(decoder_, code_, at, where.address + where.size, &instruction)) continue;
    const ZydisDecodedInstruction& decoded = instruction.decoded;
    if ((instruction.read & open) != 0) return true;
    open &= ~instruction.written;
    const uint64_t next = at + decoded.length;
    ZyanU64 target = 0;
    const bool relative = (decoded.attributes & ZYDIS_ATTRIB_IS_RELATIVE) != 0 &&
                          ZYAN_SUCCESS(ZydisCalcAbsoluteAddress(&decoded, &instruction.operands[0], at, &target));
    const bool inside = relative && target >= where.address && target < where.address + where.size;
    const bool jumps = decoded.meta.category == ZYDIS_CATEGORY_UNCOND_BR;
    if (decoded.meta.category == ZYDIS_CATEGORY_CALL || (jumps && relative && !inside)) {
      // Of a library's function it is not known what it takes: its first argument, if the caller has set one.
      const bool known = relative && functions_.count(target) > 0;
      const Registers known_registers = registers_of(decoder_.machine());
      if (known && depth < kDeepest && reads_argument(target, open & known_registers.arguments, depth + 1)) return true;
      if (!known && relative && (open & known_registers.first_argument & set_before) != 0) return true;
      continue;  // whatever is still open is lost in the call
    }
    if (decoded.meta.category == ZYDIS_CATEGORY_RET) continue;
    if (inside) pending.emplace_back(target, open);
    if (!jumps) pending.emplace_back(next, open);
  }
  return false;
}

bool RegisterUse::reads_argument(uint64_t function, unsigned registers, int depth) const {
  if (registers == 0) return false;
  return is_needed(functions_.at(function), function, registers, 0, depth);
}

}  // namespace hotreload
