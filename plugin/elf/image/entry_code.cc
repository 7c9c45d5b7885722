// Decodes functions with Zydis to see what jumps to where their entry will be overwritten.
#include "entry_code.h"

#include <algorithm>

#include "../core/decoder.h"
#include "../core/names.h"

namespace hotreload {

namespace {

constexpr uint64_t kPadding = 5;

bool starts_with(std::string_view text, std::string_view prefix) { return text.substr(0, prefix.size()) == prefix; }

using Operands = ZydisDecodedOperand[ZYDIS_MAX_OPERAND_COUNT];

/// True if code at [start, start + bytes.size()) may reach the middle of the jump at `place`, by a jump or by a return.
bool reaches_into(const Decoder& decoder, std::string_view bytes, uint64_t start, uint64_t place) {
  const auto inside = [&](uint64_t address) { return address > place && address < place + kJumpSize; };
  for (uint64_t at = 0; at < bytes.size();) {
    ZydisDecodedInstruction instruction;
    Operands operands;
    if (!decoder.decode(bytes.substr(at), &instruction, operands)) return true;
    const uint64_t address = start + at, next = address + instruction.length;
    const bool branches = instruction.meta.category == ZYDIS_CATEGORY_COND_BR ||
                          instruction.meta.category == ZYDIS_CATEGORY_UNCOND_BR;
    const bool relative = (instruction.attributes & ZYDIS_ATTRIB_IS_RELATIVE) != 0 &&
                          operands[0].type == ZYDIS_OPERAND_TYPE_IMMEDIATE;
    if (branches && !relative) return true;  // a jump table, or a tail call through a pointer
    ZyanU64 target = 0;
    if (branches && ZYAN_SUCCESS(ZydisCalcAbsoluteAddress(&instruction, &operands[0], address, &target)) &&
        inside(target)) {
      return true;
    }
    if (instruction.meta.category == ZYDIS_CATEGORY_CALL && inside(next)) return true;
    at += instruction.length;
  }
  return false;
}

/// True for bytes that are never executed: what compilers and linkers put between functions.
bool is_filler(const Decoder& decoder, std::string_view bytes, uint64_t wanted) {
  for (uint64_t at = 0; at < wanted;) {
    ZydisDecodedInstruction instruction;
    Operands operands;
    if (at >= bytes.size() || !decoder.decode(bytes.substr(at), &instruction, operands)) return false;
    const bool filler = instruction.mnemonic == ZYDIS_MNEMONIC_NOP || instruction.mnemonic == ZYDIS_MNEMONIC_INT3 ||
                        (instruction.mnemonic == ZYDIS_MNEMONIC_XCHG && instruction.length == 2);
    if (!filler) return false;
    at += instruction.length;
  }
  return true;
}

/// `-fpatchable-function-entry=8,6`: see runtime/entry.c. One aligned word holds the padding and the two no-ops.
bool is_padded(std::string_view before, std::string_view code, uint64_t entry) {
  const bool padding = before == std::string_view("\x90\x90\x90\x90\x90", 5) ||
                       before == std::string_view("\x0f\x1f\x44\x00\x00", 5);
  const std::string_view mark = code.substr(0, 2);
  return padding && (mark == "\x90\x90" || mark == "\x66\x90") && (entry - kPadding) % 8 + kPadding + 2 <= 8;
}

/// Bytes up to the next function, so that filler is never taken from another one.
uint64_t room_behind(const Module& module, uint64_t end) {
  uint64_t room = kJumpSize;
  for (uint64_t i = 0; i < room; i++) {
    if (module.functions.count(end + i) > 0) room = i;
  }
  return room;
}

}  // namespace

Result<RedirectRecord> examine_entry(const Module& module, const std::string& name, const ModuleSymbol& symbol) {
  RedirectRecord record{};
  record.entry = symbol.address;
  record.size = symbol.size;
  const std::string_view code = module.at(symbol.address, symbol.size);
  const std::string_view before = module.at(symbol.address - kPadding, kPadding);
  if (is_padded(before, code, symbol.address)) {
    record.flags = kPadded;
    record.place = symbol.address;
    const std::string_view bytes = module.at(symbol.address - kPadding, kPadding + 2);
    std::copy(bytes.begin(), bytes.end(), record.original);
    return record;
  }
  const Decoder decoder(module.machine);
  const bool marked = starts_with(code, "\xf3\x0f\x1e\xfa") || starts_with(code, "\xf3\x0f\x1e\xfb");
  record.place = symbol.address + (marked && code.size() >= 4 + kJumpSize ? 4 : 0);
  const uint64_t end = symbol.address + symbol.size;
  if (record.place + kJumpSize > end) {
    const uint64_t missing = record.place + kJumpSize - end;
    std::string_view behind;
    for (uint64_t size = ZYDIS_MAX_INSTRUCTION_LENGTH; behind.empty() && size >= missing; size--) {
      behind = module.at(end, size);  // less at the end of the code
    }
    if (room_behind(module, end) < missing || !is_filler(decoder, behind, missing)) {
      return Error{"E_FUNCTION_SMALL",
                   demangle(name) + " has " + std::to_string(symbol.size) +
                       " bytes of code and no padding behind it: a jump takes " + std::to_string(kJumpSize),
                   module.path};
    }
  }
  const std::string_view bytes = module.at(record.place, kJumpSize);
  if (bytes.size() != kJumpSize) return Error{"E_ELF", "the code of " + demangle(name) + " is not in the file", module.path};
  std::copy(bytes.begin(), bytes.end(), record.original);
  bool reached = reaches_into(decoder, code, symbol.address, record.place);
  const std::string cold = name + ".cold";
  for (const UnitSymbols& unit : module.units) {
    const auto part = unit.symbols.find(cold);
    if (part == unit.symbols.end()) continue;
    const ModuleSymbol& found = part->second;
    record.cold = found.address;
    record.cold_size = found.size;
    reached = reached || reaches_into(decoder, module.at(found.address, found.size), found.address, record.place);
  }
  if (reached) record.flags = kLeaveFirst;
  return record;
}

}  // namespace hotreload
