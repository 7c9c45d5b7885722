// Where a process crashed, from what its agent left (runtime/crash.h) and the files that it had loaded.
#ifndef HOTRELOAD_ELF_CRASH_H
#define HOTRELOAD_ELF_CRASH_H

#include <cstdint>
#include <string>
#include <vector>

#include "result.h"

namespace hotreload {

/// A file that may have been loaded in the process; of several at one place the first one that is the right one counts.
struct CrashModule {
  std::string path;
  uint64_t bias;
  uint64_t start, end;   ///< in the process; both 0 if they are not known
  std::string build_id;  ///< lower-case hexadecimal; what has another one is not looked at. "": not checked
};

struct CrashFrame {
  std::string module;    ///< path, "" if it is in none of the files
  std::string function;  ///< mangled, of a part the compiler made (`f.cold`) the whole; "" if it is not known
  std::string file;      ///< as the debug information has it, absolute; "" if it is not known
  unsigned line;
};

struct Crash {
  int signal;
  std::vector<CrashFrame> frames;  ///< the innermost one first
};

/// Errors: E_ELF (the file is no record of a crash, or of one that was not written to its end).
Result<Crash> read_crash(const std::string& record, const std::vector<CrashModule>& modules);

}  // namespace hotreload

#endif
