// How functions of 32-bit x86 take their arguments, as their code shows.
//
// By the ABI all arguments are on the stack. Of a static function whose calls it sees, an optimising compiler puts them
// into registers (gcc: regparm, clang: fastcc), and with SSE it may return numbers in them. A fix that was compiled with
// other options, or of other parts of the file, does not fit the calls that the module has.
#ifndef HOTRELOAD_IMAGE_CONVENTION_H
#define HOTRELOAD_IMAGE_CONVENTION_H

#include "linked_code.h"

namespace hotreload {

struct Convention {
  unsigned registers;  ///< that hold arguments which are used
  bool reads_stack;    ///< it uses an argument on the stack
  bool may_read_stack; ///< the same, or that cannot be told
  bool x87, sse;       ///< it computes with them
};

Convention convention_of(const LinkedCode& code, const CodeFunction& function);

/// True if calls that were compiled for `old`, which is static, do for `fresh`.
bool fits(const Convention& old, const Convention& fresh);

}  // namespace hotreload

#endif
