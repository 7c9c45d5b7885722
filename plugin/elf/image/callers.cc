// Finds direct calls by their bytes, and decodes what follows them with Zydis.
#include "callers.h"

#include <Zydis/Zydis.h>

#include <algorithm>
#include <deque>

#include "../core/bytes.h"
#include "../core/names.h"

namespace hotreload {

namespace {

constexpr int kDeepest = 3;       ///< calls followed
constexpr size_t kMostCode = 400; ///< instructions looked at behind a call

// Registers that a callee may change and that return nothing (System V ABI, 3.2.1), one bit each; xmm2 is bit 16.
constexpr unsigned kRcx = 1, kRsi = 2, kRdi = 4, kR8 = 8, kR9 = 16, kR10 = 32, kR11 = 64, kXmm = 1u << 16;
constexpr unsigned kScratch = kRcx | kRsi | kRdi | kR8 | kR9 | kR10 | kR11 | (0x3fffu << 16);
constexpr unsigned kArguments = kRcx | kRsi | kRdi | kR8 | kR9 | (0x3fu << 16);

unsigned bit_of(ZydisRegister reg) {
  switch (ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, reg)) {
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
  return vector && id >= 2 && id < 16 ? kXmm << (id - 2) : 0;
}

struct Instruction {
  ZydisDecodedInstruction decoded;
  ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
  unsigned read = 0, written = 0;
};

/// Registers that the instruction reads and those that it sets as a whole.
void collect_registers(Instruction* instruction) {
  const ZydisDecodedInstruction& decoded = instruction->decoded;
  const auto* operands = instruction->operands;
  if (decoded.mnemonic == ZYDIS_MNEMONIC_NOP || decoded.mnemonic == ZYDIS_MNEMONIC_ENDBR64) return;
  const bool two = decoded.operand_count >= 2 && operands[0].type == ZYDIS_OPERAND_TYPE_REGISTER &&
                   operands[1].type == ZYDIS_OPERAND_TYPE_REGISTER && operands[0].reg.value == operands[1].reg.value;
  const bool clears = two && (decoded.mnemonic == ZYDIS_MNEMONIC_XOR || decoded.mnemonic == ZYDIS_MNEMONIC_PXOR ||
                              decoded.mnemonic == ZYDIS_MNEMONIC_XORPS || decoded.mnemonic == ZYDIS_MNEMONIC_XORPD ||
                              decoded.mnemonic == ZYDIS_MNEMONIC_VPXOR || decoded.mnemonic == ZYDIS_MNEMONIC_VXORPS ||
                              decoded.mnemonic == ZYDIS_MNEMONIC_VXORPD || decoded.mnemonic == ZYDIS_MNEMONIC_SUB);
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
    if ((operand.actions & ZYDIS_OPERAND_ACTION_WRITE) != 0 && (whole || clears)) instruction->written |= bit;
  }
}

std::string base_name(const std::string& name) { return is_clone(name) ? name.substr(0, name.find('.')) : name; }

}  // namespace

Callers::Callers(const Module& module, const std::map<uint64_t, std::string>& entries)
    : module_(module), entries_(entries) {
  std::set<uint64_t> wanted;
  const auto add = [&](std::string_view name, const ModuleSymbol& symbol) {
    if (symbol.type != STT_FUNC) return;
    functions_.emplace(symbol.address, Function{symbol.address, symbol.size, std::string(name)});
    for (const auto& [entry, original] : entries_) {
      if (!is_specialised_copy(name, original)) continue;
      copies_.emplace(entry, std::make_pair(symbol.address, std::string(name)));
      wanted.insert(symbol.address);
    }
  };
  for (const auto& [name, symbol] : module.globals) add(name, symbol);
  for (const UnitSymbols& unit : module.units) {
    for (const auto& [name, symbol] : unit.symbols) add(name, symbol);
  }
  for (const auto& [entry, name] : entries_) wanted.insert(entry);
  for (const Elf64_Phdr& segment : module.segments) {
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_X) == 0) continue;
    const std::string_view code = module.at(segment.p_vaddr, segment.p_filesz);
    for (uint64_t at = 0; at + 5 <= code.size(); at++) {
      const uint8_t opcode = uint8_t(code[at]);
      const bool conditional = opcode == 0x0f && (uint8_t(code[at + 1]) & 0xf0) == 0x80 && at + 6 <= code.size();
      if (opcode != 0xe8 && opcode != 0xe9 && !conditional) continue;
      const uint64_t operand = at + (conditional ? 2 : 1);
      int32_t displacement = 0;
      load(code, operand, &displacement);
      const uint64_t target = segment.p_vaddr + operand + 4 + uint64_t(int64_t(displacement));
      if (wanted.count(target) > 0) sites_.emplace(target, segment.p_vaddr + at);
    }
  }
  find_uses();
}

void Callers::find_uses() {
  for (const auto& [name, symbol] : module_.exported) {
    if (entries_.count(symbol.address) > 0) used_.insert(symbol.address);
  }
  if (entries_.empty()) return;
  const uint64_t least = entries_.begin()->first, most = entries_.rbegin()->first;
  const auto use = [&](uint64_t value, uint64_t place) {
    if (value < least || value > most) return;
    const auto entry = entries_.find(value);
    if (entry == entries_.end()) return;
    const auto function = functions_.find(value);
    const bool itself = function != functions_.end() && place >= value && place < value + function->second.size;
    if (!itself) used_.insert(value);
  };
  for (const Elf64_Phdr& segment : module_.segments) {
    if (segment.p_type != PT_LOAD) continue;
    const std::string_view bytes = module_.at(segment.p_vaddr, segment.p_filesz);
    const bool code = (segment.p_flags & PF_X) != 0;
    for (uint64_t at = 0; at + 8 <= bytes.size(); at += code ? 1 : 4) {
      int32_t narrow = 0;
      uint64_t wide = 0;
      load(bytes, at, &narrow);
      load(bytes, at, &wide);
      const uint64_t place = segment.p_vaddr + at;
      use(wide, place);  // a pointer, or the addend of the relocation that makes one
      if (!module_.position_independent) use(uint64_t(uint32_t(narrow)), place);
      // Zeros are filler between functions, not a call of what follows.
      if (code && narrow != 0) use(place + 4 + uint64_t(int64_t(narrow)), place);
    }
  }
}

const Callers::Function* Callers::containing(uint64_t address) const {
  auto next = functions_.upper_bound(address);
  if (next == functions_.begin()) return nullptr;
  const Function& function = std::prev(next)->second;
  return address < function.address + function.size ? &function : nullptr;
}

bool Callers::is_replaced(const Function& function) const {
  if (entries_.count(function.address) > 0) return true;
  const std::string base = base_name(function.name);
  for (const auto& [entry, name] : entries_) {
    if (name == base) return true;
  }
  return false;
}

std::optional<Refusal> Callers::check(uint64_t entry, const std::string& name) const {
  const auto [first_copy, last_copy] = copies_.equal_range(entry);
  for (auto copy = first_copy; copy != last_copy; ++copy) {
    const auto [first, last] = sites_.equal_range(copy->second.first);
    for (auto site = first; site != last; ++site) {
      const Function* caller = containing(site->second);
      if (!caller || is_replaced(*caller)) continue;
      return Refusal{"E_CALLER",
                     demangle(caller->name) + " calls a copy of " + demangle(name) +
                         " that the compiler made for it (" + copy->second.second +
                         "): compile the whole file, so that the fix has both",
                     name};
    }
  }
  const auto [first, last] = sites_.equal_range(entry);
  for (auto site = first; site != last; ++site) {
    const Function* caller = containing(site->second);
    const std::string_view opcode = module_.at(site->second, 1);
    if (!caller || is_replaced(*caller) || opcode != "\xe8" || !relies_on_registers(*caller, site->second + 5)) continue;
    return Refusal{"E_CALLER",
                   demangle(caller->name) + " keeps values in registers while it calls " + demangle(name) +
                       ", which its compiler saw did not use them (-fipa-ra): compile the whole file, so that the fix "
                       "has both",
                   name};
  }
  return std::nullopt;
}

bool Callers::must_be_left(uint64_t entry) const {
  return std::any_of(sites_.begin(), sites_.end(), [&](const auto& site) {
    const Function* caller = containing(site.second);
    return entries_.count(site.first) > 0 && site.first != entry && caller && caller->address == entry &&
           module_.at(site.second, 1) == "\xe8" && relies_on_registers(*caller, site.second + 5);
  });
}

/// Decodes at an address of the module; false if nothing can be decoded.
static bool decode(const Module& module, uint64_t address, uint64_t end, Instruction* instruction) {
  static const ZydisDecoder decoder = [] {
    ZydisDecoder made;
    ZydisDecoderInit(&made, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    return made;
  }();
  if (address >= end) return false;
  const std::string_view bytes = module.at(address, end - address);
  if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, bytes.data(), bytes.size(), &instruction->decoded,
                                           instruction->operands))) {
    return false;
  }
  instruction->read = instruction->written = 0;
  collect_registers(instruction);
  return true;
}

bool Callers::relies_on_registers(const Function& caller, uint64_t behind) const {
  // What the caller set before the call: a first argument that is handed on to a library shows only by that.
  unsigned set_before = 0;
  Instruction instruction;
  for (uint64_t at = caller.address; at < behind && decode(module_, at, behind, &instruction);
       at += instruction.decoded.length) {
    set_before |= instruction.written;
  }
  return is_needed(caller, behind, kScratch, set_before, 0);
}

/// True if code from `start` on uses one of the registers before it sets it.
bool Callers::is_needed(const Function& where, uint64_t start, unsigned registers, unsigned set_before, int depth) const {
  std::map<uint64_t, unsigned> seen;
  std::deque<std::pair<uint64_t, unsigned>> pending{{start, registers}};
  for (size_t count = 0; !pending.empty() && count < kMostCode; count++) {
    auto [at, open] = pending.front();
    pending.pop_front();
    unsigned& before = seen[at];
    if ((open & ~before) == 0) continue;
    before |= open;
    Instruction instruction;
    if (!decode(module_, at, where.address + where.size, &instruction)) continue;
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
      if (known && depth < kDeepest && reads_argument(target, open & kArguments, depth + 1)) return true;
      if (!known && relative && (open & kRdi & set_before) != 0) return true;
      continue;  // whatever is still open is lost in the call
    }
    if (decoded.meta.category == ZYDIS_CATEGORY_RET) continue;
    if (inside) pending.emplace_back(target, open);
    if (!jumps) pending.emplace_back(next, open);
  }
  return false;
}

bool Callers::reads_argument(uint64_t function, unsigned registers, int depth) const {
  if (registers == 0) return false;
  return is_needed(functions_.at(function), function, registers, 0, depth);
}

}  // namespace hotreload
