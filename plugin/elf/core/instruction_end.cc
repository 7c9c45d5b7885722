// Decodes with Zydis.
#include "instruction_end.h"

#include <Zydis/Zydis.h>

namespace hotreload {

std::optional<uint64_t> end_of_instruction(std::string_view code, uint64_t function, uint64_t site) {
  ZydisDecoder decoder;
  ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
  ZydisDecodedInstruction instruction;
  for (uint64_t at = function; at < site && at < code.size(); at += instruction.length) {
    if (!ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(&decoder, nullptr, code.data() + at, code.size() - at, &instruction))) break;
    if (at + instruction.length <= site) continue;
    const bool displacement = instruction.raw.disp.size == 32 && at + instruction.raw.disp.offset == site;
    return displacement ? std::optional(at + instruction.length) : std::nullopt;
  }
  return std::nullopt;
}

}  // namespace hotreload
