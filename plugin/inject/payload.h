// A payload, read with every bound checked, and the image that it becomes at an address.
#ifndef HOTRELOAD_INJECT_PAYLOAD_H
#define HOTRELOAD_INJECT_PAYLOAD_H

#include <functional>
#include <string>
#include <vector>

#include "../elf/core/result.h"
#include "../elf/image/record.h"

namespace hotreload {

struct Payload {
  PayloadHeader header;
  std::string bytes;
  std::string image;
  std::vector<Fixup> fixups;
  std::vector<FixupSymbol> symbols;
  ImageRecord record;

  std::string name_of(const FixupSymbol& symbol) const;
};

/// Errors: E_PATCH_FILE.
Result<Payload> read_payload(std::string bytes);

/// The image for an address. `address_of` gives the value of a symbol that is not the image's own.
/// Errors: E_RANGE (a place does not fit into 32 bits), and those of `address_of`.
Result<std::string> bind_image(const Payload& payload, uint64_t start, uint64_t module_bias,
                               const std::function<Result<uint64_t>(const FixupSymbol&)>& address_of);

}  // namespace hotreload

#endif
