// Decodes with Zydis.
#include "displacement.h"

#include <algorithm>

#include "decoder.h"

namespace hotreload {

std::optional<Displacement> displacement_at(Machine machine, std::string_view code, uint64_t function, uint64_t site) {
  const Decoder decoder(machine);
  ZydisDecodedInstruction instruction;
  ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
  for (uint64_t at = function; at < site && at < code.size(); at += instruction.length) {
    if (!decoder.decode(code.substr(at), &instruction, operands)) break;
    if (at + instruction.length <= site) continue;
    if (instruction.raw.disp.size != 32 || at + instruction.raw.disp.offset != site) break;
    const bool accessed = std::any_of(operands, operands + instruction.operand_count, [](const ZydisDecodedOperand& operand) {
      const bool memory = operand.type == ZYDIS_OPERAND_TYPE_MEMORY && operand.mem.type == ZYDIS_MEMOP_TYPE_MEM;
      const bool alone = operand.mem.base == ZYDIS_REGISTER_RIP || operand.mem.base == ZYDIS_REGISTER_NONE;
      return memory && alone && operand.mem.index == ZYDIS_REGISTER_NONE && operand.mem.disp.has_displacement;
    });
    return Displacement{at + instruction.length, accessed};
  }
  return std::nullopt;
}

}  // namespace hotreload
