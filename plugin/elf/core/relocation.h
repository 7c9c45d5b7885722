// The relocation types that compilers emit, and what each asks of a patch (psABI of x86-64 1.0, section 4.4; of i386 1.1,
// section 4.3; for thread-local storage U. Drepper, ELF Handling For Thread-Local Storage).
#ifndef HOTRELOAD_ELF_RELOCATION_H
#define HOTRELOAD_ELF_RELOCATION_H

#include <cstdint>

namespace hotreload {

/// Both machines count their types from 0: those of 32-bit x86 have this bit besides, so that a type says what it is of.
constexpr uint32_t kTypeOfX86 = 1u << 31;
constexpr uint32_t x86_type(uint32_t type) { return kTypeOfX86 | type; }
/// The number that ELF has for it.
constexpr uint32_t elf_type(uint32_t type) { return type & ~kTypeOfX86; }

enum class Reference {
  kUnknown,     ///< not in the table: an error, never a skip
  kNone,
  kAbsolute64,  ///< S + A, 8 bytes
  kAbsolute32,  ///< S + A, 4 bytes: on x86-64 only in code that is not position-independent
  kRelative32,  ///< S + A - P, 4 bytes
  kRelative64,  ///< S + A - P, 8 bytes
  kGot,         ///< address of S in the GOT (site_base)
  kGotAddress,  ///< address of the GOT, pc-relative
  kGotDistance, ///< distance of S from the GOT
  kGotBase,     ///< the same in the medium and large code models of x86-64
  kTlsGeneral,  ///< general dynamic: address of a (module, offset) pair in the GOT
  kTlsLocal,    ///< local dynamic: address of a (module, 0) pair in the GOT
  kTlsOffset,   ///< offset in the TLS block of the module
  kTlsInitial,  ///< initial exec: address of the offset from the thread pointer, in the GOT
  kTlsExec,     ///< local exec: offset from the thread pointer, only in executables
  kTlsDescriptor,
  kSize,        ///< size of S
};

Reference reference_of(uint32_t type);

/// Bytes at the site that the relocation fills; 0 for those that fill none.
uint32_t site_size(uint32_t type);

/// What an address of an entry of the GOT counts from, at the site.
enum class SiteBase { kPlace, kGot, kNothing };
SiteBase site_base(uint32_t type);

/// True if the value is relative to the site, which compilers express by an addend of -4 or less.
bool is_pc_relative(uint32_t type);

}  // namespace hotreload

#endif
