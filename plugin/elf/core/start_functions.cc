// Reads the arrays of functions that run at start-up.
#include "start_functions.h"

#include <algorithm>
#include <cstdlib>

namespace hotreload {

namespace {

/// `.init_array.00200` comes before `.init_array`.
long priority_of(std::string_view name) {
  const size_t dot = name.rfind('.');
  if (dot == 0) return 65536;
  return std::strtol(std::string(name.substr(dot + 1)).c_str(), nullptr, 10);
}

}  // namespace

std::vector<const Entity*> start_functions(const Entities& entities) {
  std::vector<uint32_t> arrays;
  const std::vector<Section>& sections = entities.object().sections;
  for (uint32_t index = 0; index < sections.size(); index++) {
    const std::string_view name = sections[index].name;
    if (name.substr(0, 11) == ".init_array" || name.substr(0, 6) == ".ctors") arrays.push_back(index);
  }
  std::stable_sort(arrays.begin(), arrays.end(),
                   [&](uint32_t a, uint32_t b) { return priority_of(sections[a].name) < priority_of(sections[b].name); });
  std::vector<const Entity*> found;
  for (const uint32_t index : arrays) {
    for (const Relocation& relocation : sections[index].relocations) {
      const Target target = entities.target_of(index, relocation);
      if (target.form == Target::Form::kEntity) found.push_back(target.entity);
    }
  }
  return found;
}

}  // namespace hotreload
