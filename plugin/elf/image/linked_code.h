// The code of a fix as it will run, and that of its module: linked in thought, the image a while behind the module.
#ifndef HOTRELOAD_IMAGE_LINKED_CODE_H
#define HOTRELOAD_IMAGE_LINKED_CODE_H

#include <map>
#include <string>
#include <string_view>

#include "../core/module.h"
#include "register_use.h"

namespace hotreload {

/// Those that the symbols of a module name.
std::map<uint64_t, CodeFunction> functions_of(const Module& module);

class LinkedCode {
 public:
  /// @param image its bytes, with the fixups and their symbols that are left (record.h)
  LinkedCode(const Module& module, std::string image, std::string_view fixups, std::string_view symbols);
  LinkedCode(const LinkedCode&) = delete;

  /// A function of the image, by its place there.
  CodeFunction add(uint64_t place, uint64_t size, const std::string& name);
  uint64_t start() const { return start_; }
  std::string_view at(uint64_t address, uint64_t size) const;
  const std::map<uint64_t, CodeFunction>& functions() const { return functions_; }
  const RegisterUse& register_use() const { return register_use_; }

 private:
  const Module& module_;
  const uint64_t start_;  ///< of the image
  std::string image_;
  std::map<uint64_t, CodeFunction> functions_;
  RegisterUse register_use_;
};

}  // namespace hotreload

#endif
