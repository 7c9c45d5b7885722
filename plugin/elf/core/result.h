// A value or the error that took its place; no exception leaves the core.
#ifndef HOTRELOAD_ELF_RESULT_H
#define HOTRELOAD_ELF_RESULT_H

#include <string>
#include <utility>
#include <variant>

namespace hotreload {

/// `code` is one of those in plugin/errors.ts; `message` is one sentence about the case at hand.
struct Error {
  std::string code;
  std::string message;
  std::string file;
};

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  explicit operator bool() const { return state_.index() == 0; }
  /// Only to be called on success.
  T& value() { return *std::get_if<0>(&state_); }
  const T& value() const { return *std::get_if<0>(&state_); }
  /// Only to be called on failure.
  const Error& error() const { return *std::get_if<1>(&state_); }

 private:
  std::variant<T, Error> state_;
};

struct Nothing {};

}  // namespace hotreload

#endif
