// The modules that a process has loaded, read from its memory: build-ids, dynamic symbols, the loader's own list.
#ifndef HOTRELOAD_INJECT_MODULES_H
#define HOTRELOAD_INJECT_MODULES_H

#include <elf.h>

#include <optional>
#include <string>
#include <vector>

#include "target.h"

namespace hotreload {

struct LoadedSegment {
  uint64_t start, end;  ///< in the process
  uint64_t file_end;    ///< end of what the file has
  uint32_t flags;
};

/// A place that a symbol's name leads to.
struct Exported {
  uint64_t address;
  bool indirect;  ///< a function that returns the address (STT_GNU_IFUNC)
  bool is_function;
  uint64_t size;
};

struct ProcessModule {
  std::string path;  ///< of its mapping
  uint64_t bias;     ///< the first byte of the file's address space
  std::string build_id;
  bool executable;
  uint64_t dynamic;  ///< address of its dynamic section, 0 if it has none
  std::vector<LoadedSegment> segments;
  uint64_t tls_size;

  uint64_t start() const;
  uint64_t end() const;
  /// The vdso.
  bool is_kernel() const { return path == "[vdso]"; }
};

class Modules {
 public:
  /// Every mapping that begins with an ELF header. Errors: E_EXITED.
  static Result<Modules> read(const Target& target);

  const std::vector<ProcessModule>& all() const { return modules_; }
  const ProcessModule* with_build_id(const std::string& build_id) const;
  const ProcessModule* at(uint64_t address) const;
  /// The default version, in the loader's order: as a library that is loaded now would see it.
  std::optional<Exported> find(const Target& target, const std::string& name) const;
  std::optional<Exported> find_in(const Target& target, const ProcessModule& module, const std::string& name) const;
  /// The dynamic loader's number of the module's thread-local storage, as its own code has it; 0 if that has none.
  uint64_t tls_module(const Target& target, const ProcessModule& module) const;
  /// The exported function whose bytes hold the address, "" if there is none that is known.
  std::string function_at(const Target& target, const ProcessModule& module, uint64_t address) const;

 private:
  std::vector<ProcessModule> modules_;  ///< in the loader's order; what it does not know comes last
};

}  // namespace hotreload

#endif
