// The patches that a process has, as its own memory tells them.
#ifndef HOTRELOAD_INJECT_PATCHES_H
#define HOTRELOAD_INJECT_PATCHES_H

#include <string>
#include <vector>

#include "../elf/image/record.h"
#include "target.h"

namespace hotreload {

constexpr char kPatchName[] = "hotreload-patch";  ///< of the file in memory: shows in /proc/PID/maps

struct LoadedPatch {
  uint64_t start;
  ImageRecord record;
  StateRecord state;
  std::string names;
  std::string description;
  std::vector<RedirectRecord> redirects;
  std::vector<EditRecord> edits;
  std::vector<AddedRecord> added;
  std::vector<RelianceRecord> reliances;

  std::string name(uint32_t offset) const;
  std::string digest() const;  ///< hexadecimal
};

/// In the order of their addresses. Those that were loaded and never applied are among them.
/// Errors: E_EXITED.
Result<std::vector<LoadedPatch>> read_patches(const Target& target);

/// One of them. False if there is none at the address.
bool read_patch(const Target& target, uint64_t start, LoadedPatch* patch);

}  // namespace hotreload

#endif
