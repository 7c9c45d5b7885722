// Instructions that reach a library's data as only code of the executable can, and what they become.
//
// Code that is compiled for an executable (gcc's and clang's default) counts on the linker to put a copy of a library's
// variable into the executable. The running one has no copy of what it did not use. So the address is taken from the
// image's GOT instead: `lea x(%rip), %reg` becomes `mov slot(%rip), %reg`, which is as long, and `mov x(%rip), %reg`
// becomes a jump to a stub that loads twice.
#ifndef HOTRELOAD_IMAGE_ACCESS_H
#define HOTRELOAD_IMAGE_ACCESS_H

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hotreload {

struct DataAccess {
  enum class Kind { kAddress, kLoad } kind;
  uint64_t start;   ///< of the instruction, in the code
  uint64_t length;
  unsigned reg;     ///< number of the general register that is set
  bool wide;        ///< 64 bits are loaded, else 32
};

/// The instruction around the displacement at `site`, decoded from `function` on; nothing if it is of another form.
std::optional<DataAccess> find_access(std::string_view code, uint64_t function, uint64_t site);

/// Code of at most 16 bytes at `place`: loads from where `slot` points to, and goes on at `back`.
std::string load_stub(const DataAccess& access, uint64_t place, uint64_t slot, uint64_t back);

}  // namespace hotreload

#endif
