// Decodes instructions of one machine with Zydis.
#ifndef HOTRELOAD_ELF_DECODER_H
#define HOTRELOAD_ELF_DECODER_H

#include <Zydis/Zydis.h>

#include <string_view>

#include "machine.h"

namespace hotreload {

class Decoder {
 public:
  explicit Decoder(Machine machine) : machine_(machine) {
    const bool wide = machine == Machine::kX86_64;
    ZydisDecoderInit(&decoder_, mode(), wide ? ZYDIS_STACK_WIDTH_64 : ZYDIS_STACK_WIDTH_32);
  }

  Machine machine() const { return machine_; }
  ZydisMachineMode mode() const {
    return machine_ == Machine::kX86_64 ? ZYDIS_MACHINE_MODE_LONG_64 : ZYDIS_MACHINE_MODE_LEGACY_32;
  }

  /// The instruction that `code` begins with, and all of its operands; false if it is none.
  /// @param operands room for ZYDIS_MAX_OPERAND_COUNT
  bool decode(std::string_view code, ZydisDecodedInstruction* instruction, ZydisDecodedOperand* operands) const {
    return ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder_, code.data(), code.size(), instruction, operands));
  }

 private:
  Machine machine_;
  ZydisDecoder decoder_;
};

}  // namespace hotreload

#endif
