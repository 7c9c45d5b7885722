// Reads closures with libdw.
#include "closures.h"

#include <dwarf.h>

#include <set>
#include <tuple>

#include "debug_info.h"
#include "dwarf_types.h"

namespace hotreload {

namespace {

constexpr int kDeepest = 32;

/// Line and column, so that the order is that of the source; then the members. Instances of a template agree in all.
using Place = std::tuple<uint64_t, uint64_t, std::string>;

class Collector {
 public:
  void visit(Dwarf_Die* parent, const std::string& function, int depth) {
    if (depth > kDeepest) return;
    for_each_child(parent, [&](Dwarf_Die* child) {
      switch (dwarf_tag(child)) {
        case DW_TAG_namespace:
        case DW_TAG_lexical_block: return visit(child, function, depth + 1);
        case DW_TAG_subprogram: return visit(child, function.empty() ? unqualified(name_of(child)) : function, depth + 1);
        case DW_TAG_structure_type:
        case DW_TAG_class_type:
        case DW_TAG_union_type:
          if (is_anonymous(child)) keep(child, function);
          return visit(child, function, depth + 1);
        default: return;
      }
    });
  }

  Closures take() {
    Closures closures;
    for (const auto& [function, places] : places_) {
      for (const Place& place : places) closures[function].push_back(std::get<2>(place));
    }
    return closures;
  }

 private:
  static std::string unqualified(const std::string& name) {
    if (name.compare(0, 8, "operator") == 0) return "operator";
    return name.substr(0, name.find('<'));
  }

  void keep(Dwarf_Die* die, const std::string& function) {
    uint64_t line = 0, column = 0;
    unsigned_of(die, DW_AT_decl_line, &line);
    unsigned_of(die, DW_AT_decl_column, &column);
    places_[function].insert({line, column, members_of(die)});
  }

  std::map<std::string, std::multiset<Place>> places_;
};

}  // namespace

Result<Closures> read_closures(const std::string& path) {
  auto info = read_debug_info(path);
  if (!info) return info.error();
  Collector collector;
  for (DebugUnit& unit : info.value().units) collector.visit(&unit.die, "", 0);
  return collector.take();
}

}  // namespace hotreload
