// The unwind information of the functions that an image takes over (.eh_frame, LSB 5.0, 10.6).
#ifndef HOTRELOAD_IMAGE_FRAMES_H
#define HOTRELOAD_IMAGE_FRAMES_H

#include <cstdint>
#include <string>
#include <vector>

#include "../core/object.h"
#include "../core/result.h"

namespace hotreload {

/// A record of an object's .eh_frame.
struct FrameRecord {
  uint64_t offset;  ///< in the section
  uint64_t size;
  bool common;      ///< a CIE
  uint64_t cie;     ///< of an FDE: offset of its CIE in the section
  std::vector<const Relocation*> relocations;  ///< of an FDE the first one is its function
};

/// Errors: E_ELF (a record that cannot be read).
Result<std::vector<FrameRecord>> read_frames(const Object& object, uint32_t section);

/// A function of the image and its FDE, as places in the image.
struct FrameEntry {
  uint64_t function;
  uint64_t record;
};

/// .eh_frame_hdr for an .eh_frame at `frames`, itself at `place`: lets unwinders search instead of reading all.
std::string frame_header(uint64_t place, uint64_t frames, std::vector<FrameEntry> entries);

}  // namespace hotreload

#endif
