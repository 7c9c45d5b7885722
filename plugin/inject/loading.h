// Brings an image into a process through its own dynamic loader.
#ifndef HOTRELOAD_INJECT_LOADING_H
#define HOTRELOAD_INJECT_LOADING_H

#include <functional>
#include <map>
#include <string>

#include "borrow.h"
#include "modules.h"
#include "payload.h"
#include "workroom.h"

namespace hotreload {

struct LoadReport {
  uint64_t start = 0;        ///< of the image
  double borrowed_ms = 0;    ///< how long single threads were borrowed, all together
};

struct AddedVariable {
  uint64_t address, size;
  bool ambiguous;  ///< a patch has several of the name: function statics of C
};
/// By name, as AddedRecord has it.
using AddedVariables = std::map<std::string, AddedVariable>;

class Loading {
 public:
  Loading(const Target& target, const Modules& modules, Threads* threads, Clock::time_point deadline);

  /// Loads the image near the module. Nothing is redirected yet. After a failure nothing stays behind in the process.
  /// A variable that an earlier patch has `added` stays where it is, and the image's record says where.
  /// Errors: E_LOADER (no dynamic loader, or it refuses), E_BUSY (no thread can be borrowed), E_RANGE, E_UNDEFINED,
  /// E_THREAD_LOCAL, E_VARIABLE (it has another size now, or there are several), E_SECCOMP, E_EXITED, E_PERMISSION, E_TIMEOUT.
  Result<LoadReport> load_image(const Payload& payload, const ProcessModule& module, const std::string& digest,
                                uint64_t order, const AddedVariables& added);

 private:
  Result<Nothing> find_functions();
  Result<Nothing> resolve_indirect(const Payload& payload);
  Result<uint64_t> address_of(const Payload& payload, const ProcessModule& module, const FixupSymbol& symbol,
                              const AddedVariables& added) const;
  Result<Nothing> write_file(const std::string& image) const;
  Result<uint64_t> open_in_process(const std::string& path);
  Result<Nothing> run_safely(std::vector<Operation>* operations);
  Result<Nothing> close_in_process(uint64_t handle);

  const Target& target_;
  const Modules& modules_;
  Threads* const threads_;
  const Clock::time_point deadline_;
  Workroom workroom_;
  Borrowing borrowing_;
  Stacks stacks_;
  uint64_t open_ = 0, close_ = 0, error_text_ = 0, error_number_ = 0;
  std::map<std::string, uint64_t> indirect_;
};

}  // namespace hotreload

#endif
