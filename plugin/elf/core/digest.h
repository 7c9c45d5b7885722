// Digests of functions and variables: equal if and only if the compiler made the same thing of them.
//
// A digest covers the bytes, each relocation by the name of what it refers to, and the contents of whatever has no name
// of its own: constants, jump tables, exception tables, clones. Numbers and positions that shift with every edit do
// not enter it.
#ifndef HOTRELOAD_ELF_DIGEST_H
#define HOTRELOAD_ELF_DIGEST_H

#include <array>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include "entity.h"

namespace hotreload {

using Digest = std::array<uint64_t, 2>;

class Digester {
 public:
  /// What an entity that the digested one refers to goes by.
  using NameOf = std::function<std::string(const Entity&)>;
  explicit Digester(const Entities& entities, NameOf name_of = nullptr)
      : entities_(entities), name_of_(std::move(name_of)) {}
  Digest of(const Entity& entity);
  /// Of a variable or constant: other constants that it points to count by their name alone, not by their contents.
  Digest of_contents(const Entity& entity);

 private:
  Digest digest(const Entity& entity);
  void add_entity(const Entity& entity);
  void add_range(uint32_t section, uint64_t start, uint64_t size);
  void add_target(uint32_t section, const Relocation& relocation);
  void add_contents(uint32_t section, int64_t offset);
  void add(std::string_view text);
  void add(uint64_t number);
  void add_name(const Entity& entity);

  const Entities& entities_;
  const NameOf name_of_;
  std::string text_;
  uint32_t own_section_ = 0;
  uint64_t own_offset_ = 0;
  bool by_name_ = false;
  /// Contents that are part of the text already -> their number, by which later mentions of them go.
  std::map<std::pair<uint32_t, uint64_t>, uint64_t> visited_;
};

}  // namespace hotreload

#endif
