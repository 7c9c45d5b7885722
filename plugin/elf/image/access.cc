// Decodes with Zydis, encodes by hand (Intel SDM vol. 2, MOV, 2.1.5).
#include "access.h"

#include <Zydis/Zydis.h>

#include "../core/bytes.h"

namespace hotreload {

namespace {

constexpr uint8_t kMovLoad = 0x8b;

void append_move(std::string* code, const DataAccess& access, bool wide, uint8_t mod, uint8_t rm, bool rm_high) {
  const uint8_t rex = uint8_t((wide ? 8 : 0) | (access.reg >= 8 ? 4 : 0) | (rm_high ? 1 : 0));
  if (rex != 0) append(code, uint8_t(0x40 | rex));
  append(code, kMovLoad);
  append(code, uint8_t(mod << 6 | (access.reg & 7) << 3 | rm));
}

}  // namespace

std::optional<DataAccess> find_access(std::string_view code, uint64_t function, uint64_t site) {
  ZydisDecoder decoder;
  ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
  ZydisDecodedInstruction instruction;
  ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
  uint64_t at = function;
  for (;; at += instruction.length) {
    if (at >= site || !ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, code.data() + at, code.size() - at, &instruction, operands))) {
      return std::nullopt;
    }
    if (at + instruction.length > site) break;
  }
  const bool fits = at + instruction.raw.disp.offset == site && instruction.raw.disp.size == 32 &&
                    at + instruction.length == site + 4 && operands[0].type == ZYDIS_OPERAND_TYPE_REGISTER &&
                    operands[1].type == ZYDIS_OPERAND_TYPE_MEMORY && operands[1].mem.base == ZYDIS_REGISTER_RIP &&
                    operands[1].mem.segment == ZYDIS_REGISTER_DS;
  if (!fits) return std::nullopt;
  const ZydisRegisterClass kind = ZydisRegisterGetClass(operands[0].reg.value);
  const bool wide = kind == ZYDIS_REGCLASS_GPR64;
  if (!wide && kind != ZYDIS_REGCLASS_GPR32) return std::nullopt;
  const unsigned reg = unsigned(ZydisRegisterGetId(operands[0].reg.value));
  if (instruction.mnemonic == ZYDIS_MNEMONIC_LEA && wide) {
    return DataAccess{DataAccess::Kind::kAddress, at, instruction.length, reg, true};
  }
  const bool load = instruction.mnemonic == ZYDIS_MNEMONIC_MOV && instruction.opcode == kMovLoad;
  if (!load || reg == 4) return std::nullopt;  // the stack pointer is never loaded so
  return DataAccess{DataAccess::Kind::kLoad, at, instruction.length, reg, wide};
}

std::string load_stub(const DataAccess& access, uint64_t place, uint64_t slot, uint64_t back) {
  std::string code;
  append_move(&code, access, true, 0, 5, false);  // mov slot(%rip), %reg
  append(&code, int32_t(int64_t(slot) - int64_t(place + code.size() + 4)));
  const uint8_t low = access.reg & 7;
  const bool high = access.reg >= 8;
  if (low == 4) {  // r12 as a base needs a SIB byte
    append_move(&code, access, access.wide, 0, 4, high);
    append(&code, uint8_t(0x24));
  } else if (low == 5) {  // rbp and r13 need a displacement
    append_move(&code, access, access.wide, 1, 5, high);
    append(&code, uint8_t(0));
  } else {
    append_move(&code, access, access.wide, 0, low, high);
  }
  append(&code, uint8_t(0xe9));
  append(&code, int32_t(int64_t(back) - int64_t(place + code.size() + 4)));
  return code;
}

}  // namespace hotreload
