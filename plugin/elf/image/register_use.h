// Whether code behind a call counts on registers that the callee left alone (gcc -fipa-ra).
#ifndef HOTRELOAD_IMAGE_REGISTER_USE_H
#define HOTRELOAD_IMAGE_REGISTER_USE_H

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "../core/decoder.h"

namespace hotreload {

struct CodeFunction {
  uint64_t address, size;
  std::string name;
};

/// The bytes from an address on; fewer than asked for, or none, where there are no more.
using CodeAt = std::function<std::string_view(uint64_t address, uint64_t size)>;

class RegisterUse {
 public:
  /// `functions`: those whose code tells what they take; it must outlive this.
  RegisterUse(Machine machine, CodeAt code, const std::map<uint64_t, CodeFunction>& functions)
      : decoder_(machine), code_(std::move(code)), functions_(functions) {}

  /// True if the caller, behind a call of `callee` that returns to `behind`, uses a register that it has not set since: one
  /// that any callee may change by the ABI.
  bool is_relied_on(const CodeFunction& caller, uint64_t behind, uint64_t callee) const;
  /// Of the registers that arguments may be in, one bit each: those whose value a function takes from its caller.
  unsigned taken_by(const CodeFunction& function) const;

 private:
  bool leaves_alone(uint64_t function, unsigned registers, int depth) const;
  bool reads_argument(uint64_t function, unsigned registers, int depth) const;
  bool is_needed(const CodeFunction& where, uint64_t start, unsigned registers, unsigned set_before, int depth) const;

  Decoder decoder_;
  CodeAt code_;
  const std::map<uint64_t, CodeFunction>& functions_;
};

}  // namespace hotreload

#endif
