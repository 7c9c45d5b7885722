// The ELF headers around an image: segments for the loader, symbols and sections for debuggers and profilers.
#ifndef HOTRELOAD_IMAGE_ELF_FILE_H
#define HOTRELOAD_IMAGE_ELF_FILE_H

#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include "record.h"

namespace hotreload {

constexpr uint64_t kPage = 4096;
constexpr uint64_t kDynamicSize = 8 * 16;

/// Places in the image.
struct ImageSegments {
  uint64_t read_only_end;  ///< code and constants, from 0
  uint64_t data;           ///< page-aligned
  uint64_t data_end;       ///< end of the file's part of the data
  uint64_t memory;         ///< end of the zeroed part
  uint64_t dynamic;
  uint64_t frame_header;
  uint64_t frame_header_size;
};

class ElfFile {
 public:
  /// `bytes` holds the image's contents; the headers are written before kRecordOffset.
  ElfFile(std::string* bytes, int bits) : bytes_(bytes), bits_(bits) {}
  void segments(const ImageSegments& segments);
  void symbol(const std::string& name, uint64_t place, uint64_t size, bool is_function);
  /// Appends what is not loaded: symbols and section headers.
  void finish(Span code);
  /// Fields that hold an address of the image: place in the file, place that it means, 64 bits wide.
  const std::vector<std::tuple<uint64_t, uint64_t, bool>>& addresses() const { return addresses_; }

 private:
  template <typename Ehdr, typename Phdr, typename Dyn>
  void write_segments(const ImageSegments& segments);
  template <typename Ehdr, typename Shdr, typename Sym>
  void write_sections(Span code);
  void address(uint64_t place, uint64_t value) { addresses_.emplace_back(place, value, bits_ == 64); }

  struct Named {
    std::string name;
    uint64_t place, size;
    bool is_function;
  };

  std::string* bytes_;
  const int bits_;
  ImageSegments segments_{};
  std::vector<Named> symbols_;
  std::vector<std::tuple<uint64_t, uint64_t, bool>> addresses_;
};

}  // namespace hotreload

#endif
