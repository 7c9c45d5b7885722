// Bounds-checked views of bytes, little-endian as x86-64 has them.
#ifndef HOTRELOAD_ELF_BYTES_H
#define HOTRELOAD_ELF_BYTES_H

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "result.h"

namespace hotreload {

/// The part [offset, offset + size) of `bytes`, or an empty view with `ok` false if it is not inside.
struct Slice {
  bool ok;
  std::string_view bytes;
};

inline Slice slice(std::string_view bytes, uint64_t offset, uint64_t size) {
  if (offset > bytes.size() || size > bytes.size() - offset) return {false, {}};
  return {true, bytes.substr(offset, size)};
}

/// Reads a T at `offset`; false if it does not lie inside.
template <typename T>
bool load(std::string_view bytes, uint64_t offset, T* out) {
  const Slice part = slice(bytes, offset, sizeof(T));
  if (part.ok) std::memcpy(out, part.bytes.data(), sizeof(T));
  return part.ok;
}

/// Writes a T at `offset`; false if it does not lie inside.
template <typename T>
bool store(std::string* bytes, uint64_t offset, const T& value) {
  if (!slice(*bytes, offset, sizeof(T)).ok) return false;
  std::memcpy(&(*bytes)[offset], &value, sizeof(T));
  return true;
}

/// Appends a T.
template <typename T>
void append(std::string* bytes, const T& value) {
  bytes->append(reinterpret_cast<const char*>(&value), sizeof(T));
}

/// Whole contents of a file. Errors: E_ELF.
Result<std::string> read_file(const std::string& path);

/// Writes a file by way of a temporary one and rename, so that it is never seen half-written. Errors: E_ELF.
Result<Nothing> write_file(const std::string& path, std::string_view bytes);

}  // namespace hotreload

#endif
