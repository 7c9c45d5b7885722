// The table of relocation types.
#include "relocation.h"

#include <elf.h>

namespace hotreload {

Reference reference_of(uint32_t type) {
  switch (type) {
    case R_X86_64_NONE: return Reference::kNone;
    case R_X86_64_64: return Reference::kAbsolute64;
    case R_X86_64_32:
    case R_X86_64_32S: return Reference::kAbsolute32;
    case R_X86_64_PC32:
    case R_X86_64_PLT32: return Reference::kRelative32;
    case R_X86_64_PC64: return Reference::kRelative64;
    case R_X86_64_GOTPCREL:
    case R_X86_64_GOTPCRELX:
    case R_X86_64_REX_GOTPCRELX: return Reference::kGot;
    case R_X86_64_GOTPC32:
    case R_X86_64_GOTPC64:
    case R_X86_64_GOTOFF64:
    case R_X86_64_GOT64:
    case R_X86_64_GOTPCREL64:
    case R_X86_64_PLTOFF64: return Reference::kGotBase;
    case R_X86_64_TLSGD: return Reference::kTlsGeneral;
    case R_X86_64_TLSLD: return Reference::kTlsLocal;
    case R_X86_64_DTPOFF32:
    case R_X86_64_DTPOFF64: return Reference::kTlsOffset;
    case R_X86_64_GOTTPOFF: return Reference::kTlsInitial;
    case R_X86_64_TPOFF32:
    case R_X86_64_TPOFF64: return Reference::kTlsExec;
    case R_X86_64_GOTPC32_TLSDESC:
    case R_X86_64_TLSDESC_CALL: return Reference::kTlsDescriptor;
    case R_X86_64_SIZE32:
    case R_X86_64_SIZE64: return Reference::kSize;
    case x86_type(R_386_NONE): return Reference::kNone;
    case x86_type(R_386_32): return Reference::kAbsolute32;
    case x86_type(R_386_PC32):
    case x86_type(R_386_PLT32): return Reference::kRelative32;
    case x86_type(R_386_GOT32):
    case x86_type(R_386_GOT32X): return Reference::kGot;
    case x86_type(R_386_GOTPC): return Reference::kGotAddress;
    case x86_type(R_386_GOTOFF): return Reference::kGotDistance;
    case x86_type(R_386_TLS_GD): return Reference::kTlsGeneral;
    case x86_type(R_386_TLS_LDM): return Reference::kTlsLocal;
    case x86_type(R_386_TLS_LDO_32): return Reference::kTlsOffset;
    case x86_type(R_386_TLS_IE):
    case x86_type(R_386_TLS_GOTIE): return Reference::kTlsInitial;
    case x86_type(R_386_TLS_LE): return Reference::kTlsExec;
    case x86_type(R_386_TLS_GOTDESC):
    case x86_type(R_386_TLS_DESC_CALL): return Reference::kTlsDescriptor;
    case x86_type(R_386_SIZE32): return Reference::kSize;
    default: return Reference::kUnknown;
  }
}

uint32_t site_size(uint32_t type) {
  switch (type) {
    case R_X86_64_NONE:
    case R_X86_64_TLSDESC_CALL:
    case x86_type(R_386_NONE):
    case x86_type(R_386_TLS_DESC_CALL): return 0;
    case R_X86_64_64:
    case R_X86_64_PC64:
    case R_X86_64_GOTPC64:
    case R_X86_64_GOTOFF64:
    case R_X86_64_GOT64:
    case R_X86_64_GOTPCREL64:
    case R_X86_64_PLTOFF64:
    case R_X86_64_DTPOFF64:
    case R_X86_64_TPOFF64:
    case R_X86_64_SIZE64: return 8;
    default: return 4;
  }
}

SiteBase site_base(uint32_t type) {
  if ((type & kTypeOfX86) == 0) return SiteBase::kPlace;
  return type == x86_type(R_386_TLS_IE) ? SiteBase::kNothing : SiteBase::kGot;
}

bool is_pc_relative(uint32_t type) {
  switch (reference_of(type)) {
    case Reference::kRelative32: return true;
    case Reference::kGot:
    case Reference::kTlsGeneral:
    case Reference::kTlsLocal:
    case Reference::kTlsInitial: return site_base(type) == SiteBase::kPlace;
    default: return type == R_X86_64_GOTPC32;
  }
}

}  // namespace hotreload
