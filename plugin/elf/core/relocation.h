// The relocation types of x86-64 that compilers emit, and what each asks of a patch (psABI 1.0, section 4.4).
#ifndef HOTRELOAD_ELF_RELOCATION_H
#define HOTRELOAD_ELF_RELOCATION_H

#include <cstdint>

namespace hotreload {

enum class Reference {
  kUnknown,     ///< not in the table: an error, never a skip
  kNone,
  kAbsolute64,  ///< S + A, 8 bytes
  kAbsolute32,  ///< S + A, 4 bytes: only in code that is not position-independent
  kRelative32,  ///< S + A - P, 4 bytes
  kRelative64,  ///< S + A - P, 8 bytes
  kGot,         ///< address of S in the GOT, pc-relative
  kGotBase,     ///< refers to the GOT itself, or to the distance of S from it
  kTlsGeneral,  ///< general dynamic: pc-relative address of a (module, offset) pair
  kTlsLocal,    ///< local dynamic: pc-relative address of a (module, 0) pair
  kTlsOffset,   ///< offset in the TLS block of the module
  kTlsInitial,  ///< initial exec: pc-relative address of the offset from the thread pointer
  kTlsExec,     ///< local exec: offset from the thread pointer, only in executables
  kTlsDescriptor,
  kSize,        ///< size of S
};

Reference reference_of(uint32_t type);

/// Bytes at the site that the relocation fills; 0 for those that fill none.
uint32_t site_size(uint32_t type);

/// True if the value is relative to the site, which compilers express by an addend of -4 or less.
bool is_pc_relative(uint32_t type);

}  // namespace hotreload

#endif
