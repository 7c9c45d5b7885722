// Writes to a process that stands still, all or none: a thread of its own does them, so that the death of this process,
// at whatever moment, leaves none of them out.
#ifndef HOTRELOAD_INJECT_WRITING_H
#define HOTRELOAD_INJECT_WRITING_H

#include <string>
#include <vector>

#include "workroom.h"

namespace hotreload {

struct Write {
  uint64_t address;
  std::string bytes;
};

/// Bytes of the workroom that the writes take.
uint64_t room_for(const std::vector<Write>& writes, int bits);

/// All threads are held; each place can be read. The thread writes by /proc/self/mem, whatever the protection of the
/// memory is. Where it may not do that (a hardened kernel; a process that gave up privileges; no /proc), this process
/// writes instead, which only its own death could interrupt.
/// Errors: E_EXITED, E_PERMISSION (it cannot be written to; what was written is put back).
Result<Nothing> write_all(const Target& target, Workroom* workroom, const Threads& threads, const std::vector<Write>& writes);

}  // namespace hotreload

#endif
