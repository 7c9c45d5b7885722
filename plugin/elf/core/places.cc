// Reads declarations from the DWARF of an object.
#include "places.h"

#include <dwarf.h>

#include "debug_info.h"
#include "dwarf_types.h"
#include "names.h"

namespace hotreload {

namespace {

class Reader {
 public:
  explicit Reader(const std::string& path) : path_(path) {}

  Result<std::unordered_map<std::string, Place>> read() {
    auto info = read_debug_info(path_);
    if (!info) return info.error();
    for (DebugUnit& unit : info.value().units) {
      unit_ = &unit;
      if (!unit.is_type) visit(&unit.die, "", "");
    }
    return std::move(places_);
  }

 private:
  void visit(Dwarf_Die* parent, const std::string& scope, const std::string& function) {
    for_each_child(parent, [&](Dwarf_Die* child) {
      const std::string name = name_of(child);
      switch (dwarf_tag(child)) {
        case DW_TAG_subprogram: {
          const std::string linkage = string_of(child, DW_AT_linkage_name);
          if (!dwarf_hasattr(child, DW_AT_declaration)) note(child, scope, "", has_parameters(child));
          return visit(child, scope + name + "::", linkage.empty() ? name : linkage);
        }
        case DW_TAG_variable:
          // A declaration in a class or namespace is followed by the definition, which names it.
          if (dwarf_hasattr(child, DW_AT_declaration)) declared_[dwarf_dieoffset(child)] = scope;
          if (!dwarf_hasattr(child, DW_AT_declaration) && (function.empty() || is_static(child))) {
            note(child, scope_of(child, scope), function);
          }
          return;
        case DW_TAG_lexical_block: return visit(child, scope, function);
        case DW_TAG_namespace:
        case DW_TAG_structure_type:
        case DW_TAG_class_type:
        case DW_TAG_union_type:
          return visit(child, scope + (name.empty() ? "(anonymous namespace)" : name) + "::", function);
        default: return;
      }
    });
  }

  void note(Dwarf_Die* die, const std::string& scope, const std::string& function, bool parameters = false) {
    uint64_t line = 0, index = 0;
    Dwarf_Files* files = nullptr;
    size_t count = 0;
    if (!unsigned_of(die, DW_AT_decl_line, &line) || !unsigned_of(die, DW_AT_decl_file, &index)) return;
    if (dwarf_getsrcfiles(&unit_->line_table, &files, &count) != 0 || index >= count) return;
    const char* file = dwarf_filesrc(files, index, nullptr, nullptr);
    if (!file) return;
    const std::string name = without_tags(name_of(die)), linkage = string_of(die, DW_AT_linkage_name);
    const std::string path = file[0] == '/' ? file : unit_->directory + "/" + file;
    const Place place{path, unsigned(line), name, form_of(die), parameters};
    // gcc leaves the linkage name of a static variable out.
    if (!linkage.empty()) add(linkage, place);
    add(scope + name, place);
    if (function.empty() || !linkage.empty()) return;
    add(function + "." + name, place);
    add(name + ".", place);
  }

  /// The first one of a name that has a place of its own, else the first.
  void add(const std::string& name, const Place& place) {
    const auto [found, fresh] = places_.emplace(name, place);
    if (!fresh && found->second.form.empty() && !place.form.empty()) found->second = place;
  }

  /// gcc lays definitions beside the namespace that they belong to.
  std::string scope_of(Dwarf_Die* die, const std::string& scope) const {
    Dwarf_Attribute attribute;
    Dwarf_Die declaration;
    if (!dwarf_attr(die, DW_AT_specification, &attribute) || !dwarf_formref_die(&attribute, &declaration)) return scope;
    const auto found = declared_.find(dwarf_dieoffset(&declaration));
    return found == declared_.end() ? scope : found->second;
  }

  static bool has_parameters(Dwarf_Die* function) {
    bool found = false;
    for_each_child(function, [&](Dwarf_Die* child) { found = found || dwarf_tag(child) == DW_TAG_formal_parameter; });
    return found;
  }

  /// Of a variable in a function. One that has no place at all may have been a static or not.
  static bool is_static(Dwarf_Die* die) {
    if (!form_of(die).empty()) return true;
    return !dwarf_hasattr(die, DW_AT_location) && !dwarf_hasattr(die, DW_AT_const_value);
  }

  static std::string form_of(Dwarf_Die* die) {
    Dwarf_Attribute found;
    Dwarf_Op* operations = nullptr;
    size_t count = 0;
    if (dwarf_tag(die) != DW_TAG_variable || !dwarf_attr(die, DW_AT_location, &found)) return "";
    if (dwarf_getlocation(&found, &operations, &count) != 0) return "";
    std::string form;
    bool placed = false;
    for (size_t i = 0; i < count; i++) {
      const uint8_t atom = operations[i].atom;
      if (atom == DW_OP_form_tls_address || atom == DW_OP_GNU_push_tls_address) return "thread-local";
      const bool address = atom == DW_OP_addr || atom == DW_OP_addrx || atom == DW_OP_GNU_addr_index;
      placed = placed || address;
      form += " " + std::to_string(address ? int(DW_OP_addr) : atom) +
              (address ? "" : ":" + std::to_string(operations[i].number));
    }
    return placed ? form : "";
  }

  const std::string path_;
  DebugUnit* unit_ = nullptr;
  std::unordered_map<Dwarf_Off, std::string> declared_;  // declaration -> its scope
  std::unordered_map<std::string, Place> places_;
};

}  // namespace

Result<std::unordered_map<std::string, Place>> read_places(const std::string& object) { return Reader(object).read(); }

}  // namespace hotreload
