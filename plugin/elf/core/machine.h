// The processors whose programs are known: x86-64, and for production patches 32-bit x86 as well.
#ifndef HOTRELOAD_ELF_MACHINE_H
#define HOTRELOAD_ELF_MACHINE_H

#include <elf.h>

#include <cstdint>
#include <optional>

namespace hotreload {

enum class Machine : uint8_t { kX86_64, kX86 };

/// Which files a reader takes.
enum class Machines : uint8_t { kX86_64, kAll };

/// Of a pointer and a general register.
inline int bits_of(Machine machine) { return machine == Machine::kX86_64 ? 64 : 32; }
inline uint64_t word_size(Machine machine) { return uint64_t(bits_of(machine)) / 8; }

/// Of an ELF header; nothing for others, and for x32.
inline std::optional<Machine> machine_of(unsigned elf_class, unsigned elf_machine) {
  if (elf_class == ELFCLASS64 && elf_machine == EM_X86_64) return Machine::kX86_64;
  if (elf_class == ELFCLASS32 && elf_machine == EM_386) return Machine::kX86;
  return std::nullopt;
}

/// As it is called in messages.
inline const char* machine_name(Machine machine) { return machine == Machine::kX86_64 ? "x86-64" : "32-bit x86"; }

}  // namespace hotreload

#endif
