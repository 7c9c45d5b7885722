// Applies fixups.
#include "payload.h"

#include "../elf/core/bytes.h"

namespace hotreload {

namespace {

Error broken(const char* what) { return {"E_PATCH_FILE", std::string("the patch file is broken: ") + what, ""}; }

template <typename T>
bool read_table(const std::string& bytes, const Span& span, std::vector<T>* table) {
  const Slice part = slice(bytes, span.offset, span.size);
  if (!part.ok || span.size % sizeof(T) != 0) return false;
  table->resize(span.size / sizeof(T));
  if (!table->empty()) std::memcpy(static_cast<void*>(table->data()), part.bytes.data(), part.bytes.size());
  return true;
}

}  // namespace

std::string Payload::name_of(const FixupSymbol& symbol) const {
  const Slice names = slice(bytes, header.names.offset, header.names.size);
  if (!names.ok || symbol.name >= names.bytes.size()) return "";
  const std::string_view rest = names.bytes.substr(symbol.name);
  return std::string(rest.substr(0, rest.find('\0')));
}

Result<Payload> read_payload(std::string bytes) {
  Payload payload;
  payload.bytes = std::move(bytes);
  PayloadHeader& header = payload.header;
  if (!load(payload.bytes, 0, &header) || header.magic != kPayloadMagic) return broken("it does not begin as one");
  if (header.version != kFormatVersion) return broken("it is of another version of the format");
  const Slice image = slice(payload.bytes, header.image.offset, header.image.size);
  if (!image.ok || !read_table(payload.bytes, header.fixups, &payload.fixups) ||
      !read_table(payload.bytes, header.symbols, &payload.symbols) ||
      !slice(payload.bytes, header.names.offset, header.names.size).ok) {
    return broken("a table is missing");
  }
  payload.image = std::string(image.bytes);
  if (!load(payload.image, kRecordOffset, &payload.record) || payload.record.magic != kRecordMagic ||
      payload.record.version != kFormatVersion || payload.record.bits != header.bits) {
    return broken("the image has no record");
  }
  payload.record.build_id[sizeof payload.record.build_id - 1] = '\0';
  payload.record.module[sizeof payload.record.module - 1] = '\0';
  for (const Fixup& fixup : payload.fixups) {
    if (fixup.symbol >= payload.symbols.size() || !slice(payload.image, fixup.place, 8).ok) return broken("a place is outside");
  }
  return payload;
}

Result<std::string> bind_image(const Payload& payload, uint64_t start, uint64_t module_bias,
                               const std::function<Result<uint64_t>(const FixupSymbol&)>& address_of) {
  std::vector<uint64_t> values;
  for (const FixupSymbol& symbol : payload.symbols) {
    if (symbol.base == Base::kImage || symbol.base == Base::kModule) {
      values.push_back(symbol.value + (symbol.base == Base::kImage ? start : module_bias));
      continue;
    }
    auto value = address_of(symbol);
    if (!value) return value.error();
    values.push_back(value.value());
  }
  std::string image = payload.image;
  for (const Fixup& fixup : payload.fixups) {
    const int64_t value = int64_t(values[fixup.symbol] + uint64_t(fixup.addend));
    const int64_t relative = value - int64_t(start + fixup.place);
    bool fits = true;
    switch (fixup.kind) {
      case FixupKind::kAbsolute64: store(&image, fixup.place, value); break;
      case FixupKind::kRelative64: store(&image, fixup.place, relative); break;
      case FixupKind::kAbsolute32:
        fits = value == int64_t(uint32_t(value));
        store(&image, fixup.place, uint32_t(value));
        break;
      case FixupKind::kAbsoluteSigned32:
        fits = value == int64_t(int32_t(value));
        store(&image, fixup.place, int32_t(value));
        break;
      case FixupKind::kRelative32:
        fits = payload.header.bits == 32 || relative == int64_t(int32_t(relative));
        store(&image, fixup.place, int32_t(relative));
        break;
      default: return broken("it has a fixup of an unknown kind");
    }
    if (!fits) return Error{"E_RANGE", "an address does not fit into 32 bits from where the patch would be", ""};
  }
  ImageRecord record = payload.record;
  record.start = start;
  record.module_bias = module_bias;
  store(&image, kRecordOffset, record);
  return image;
}

}  // namespace hotreload
