// Reads the types, variables and functions of an object from its DWARF with libdw, and compares two such readings.
#include "layout.h"

#include <dwarf.h>
#include <elfutils/libdw.h>

#include <algorithm>
#include <map>

#include "debug_info.h"
#include "dwarf_types.h"
#include "names.h"
#include "type_names.h"
#include "variable_forms.h"

namespace hotreload {

namespace {

constexpr int kDeepest = 24;

struct Part {
  std::string name;  ///< "member x", "base Shape", "virtual function draw"
  std::string text, essence;
};

struct Shape {
  std::string code, what;  ///< E_LAYOUT and "the layout of Body"
  std::string type;        ///< its name, if it is one
  std::string symbol;      ///< of a function
  std::string file;
  unsigned line = 0;
  uint64_t size = 0;
  std::vector<Part> parts;
};

struct Reading {
  std::map<std::string, Shape> shapes;
  std::string blind;  ///< why not all types can be seen, "" if they can
};

class Reader {
 public:
  Result<Reading> read(const std::string& path) {
    auto info = read_debug_info(path);
    if (!info) return info.error();
    reading_.blind = info.value().blind;
    for (DebugUnit& unit : info.value().units) names_.read(&unit.die);
    for (DebugUnit& unit : info.value().units) {
      unit_ = &unit;
      visit_children(&unit.die, "", 0);
    }
    return std::move(reading_);
  }

 private:
  void visit_children(Dwarf_Die* parent, const std::string& scope, int depth) {
    if (depth > kDeepest) return;
    for_each_child(parent, [&](Dwarf_Die* child) {
      switch (dwarf_tag(child)) {
        case DW_TAG_namespace: return visit_children(child, scope + name_of(child) + "::", depth + 1);
        case DW_TAG_lexical_block: return visit_children(child, scope, depth + 1);
        case DW_TAG_subprogram: return visit_function(child, scope, depth);
        case DW_TAG_structure_type:
        case DW_TAG_class_type:
        case DW_TAG_union_type:
        case DW_TAG_enumeration_type: return visit_type(child, scope, depth);
        case DW_TAG_variable: return visit_variable(child, scope);
        default: return;
      }
    });
  }

  void visit_function(Dwarf_Die* die, const std::string& scope, int depth) {
    const FunctionEntry entry = function_entry(die);
    if (entry == FunctionEntry::kDeclaration) return;
    if (entry == FunctionEntry::kCopy) return visit_types(die, scope_of_function(die, scope), depth + 1);
    Shape shape = shape_of(die, "E_FUNCTION", "the signature of " + name_of(die));
    const TypeDescription signature = signature_of(die);
    shape.parts.push_back({"", signature.text, signature.essence});
    const std::string linkage = string_of(die, DW_AT_linkage_name);
    shape.symbol = linkage.empty() ? name_of(die) : linkage;
    keep("function " + linkage_name(die, scope), shape);
    visit_children(die, scope_of_function(die, scope), depth + 1);
  }

  void visit_types(Dwarf_Die* parent, const std::string& scope, int depth) {
    if (depth > kDeepest) return;
    for_each_child(parent, [&](Dwarf_Die* child) {
      const int tag = dwarf_tag(child);
      if (tag == DW_TAG_lexical_block) return visit_types(child, scope, depth + 1);
      if (is_type(tag)) visit_type(child, scope, depth);
    });
  }

  void visit_variable(Dwarf_Die* die, const std::string& scope) {
    if (!is_static_variable(die, scope.find("()::") != std::string::npos)) return;
    // Clang from 15 on describes string literals as variables without a name.
    if (name_of(die).empty() && string_of(die, DW_AT_linkage_name).empty()) return;
    Shape shape = shape_of(die, "E_VARIABLE", "the type of " + name_of(die));
    const TypeDescription type = type_of(die);
    shape.parts.push_back({"", type.text, type.essence});
    keep("variable " + linkage_name(die, scope), shape);
  }

  void visit_type(Dwarf_Die* die, const std::string& scope, int depth) {
    const std::string name = names_.of(die, scope);
    // Closures that live keep their own code if their captures changed: see anonymous_match.h.
    if (is_closure(die)) return visit_children(die, name + "::", depth + 1);
    // The frame of a coroutine (`_Z5counti.Frame` of gcc): one that is suspended goes on in its old code.
    if (name_of(die).find('.') != std::string::npos) return;
    const bool enumeration = dwarf_tag(die) == DW_TAG_enumeration_type;
    Shape shape = shape_of(die, "E_LAYOUT", "the layout of " + shown_name(name));
    shape.type = name;
    if (!dwarf_hasattr(die, DW_AT_declaration) && unsigned_of(die, DW_AT_byte_size, &shape.size)) {
      if (enumeration) {
        const TypeDescription type = type_of(die);
        shape.parts.push_back({"", type.text, type.essence});
      } else {
        describe_members(die, &shape.parts, 0);
      }
      keep("type " + name, shape);
    }
    if (!enumeration) visit_children(die, name + "::", depth + 1);
  }

  /// `_Z1fv()::Local` -> `Local in f()`.
  static std::string shown_name(const std::string& name) {
    const size_t local = name.rfind("()::");
    if (local == std::string::npos) return name;
    const std::string function = short_name(name.substr(0, local));
    return name.substr(local + 4) + (function.empty() ? " in a function" : " in " + function + "()");
  }

  Shape shape_of(Dwarf_Die* die, const char* code, std::string what) {
    Shape shape;
    uint64_t line = 0;
    shape.code = code;
    shape.what = std::move(what);
    shape.file = file_of(die);
    if (unsigned_of(die, DW_AT_decl_line, &line)) shape.line = unsigned(line);
    return shape;
  }

  /// Several things of one name (blocks of a function, lambdas) are told apart by their order.
  void keep(const std::string& key, const Shape& shape) {
    if (shape.file.compare(0, 5, "/usr/") == 0) return;
    const bool local = key.find("()::") != std::string::npos || key.find("unnamed ") != std::string::npos;
    const int number = local ? numbers_[key]++ : 0;
    reading_.shapes.emplace(key + "#" + std::to_string(number), shape);
  }

  void describe_members(Dwarf_Die* die, std::vector<Part>* parts, int depth) {
    for_each_child(die, [&](Dwarf_Die* child) {
      const int tag = dwarf_tag(child);
      if (tag == DW_TAG_subprogram) describe_virtual(child, parts);
      if (tag != DW_TAG_member && tag != DW_TAG_inheritance) return;
      if (flag_of(child, DW_AT_external) || flag_of(child, DW_AT_declaration)) return;  // static member
      Dwarf_Die type;
      uint64_t offset = 0, bits = 0, first = 0;
      if (!referred_by(child, DW_AT_type, &type)) return;
      unsigned_of(child, DW_AT_data_member_location, &offset);
      std::string place = " at offset " + std::to_string(offset);
      if (unsigned_of(child, DW_AT_bit_size, &bits)) {
        if (!unsigned_of(child, DW_AT_data_bit_offset, &first)) unsigned_of(child, DW_AT_bit_offset, &first);
        place += ", bits " + std::to_string(first) + " to " + std::to_string(first + bits);
      }
      const std::string name = name_of(child);
      const TypeDescription described = describe_type(&type);
      const bool base = tag == DW_TAG_inheritance;
      parts->push_back({base ? "base " + described.text : "member " + (name.empty() ? "(unnamed)" : name),
                        described.text + place, described.essence + place});
      if (name.empty() && !base && depth < kDeepest) describe_members(&type, parts, depth + 1);
    });
  }

  static void describe_virtual(Dwarf_Die* die, std::vector<Part>* parts) {
    uint64_t virtuality = 0;
    Dwarf_Attribute found;
    Dwarf_Op* operations = nullptr;
    size_t count = 0;
    if (!unsigned_of(die, DW_AT_virtuality, &virtuality) || virtuality == DW_VIRTUALITY_none) return;
    std::string slot = "in no slot";
    if (dwarf_attr_integrate(die, DW_AT_vtable_elem_location, &found) &&
        dwarf_getlocation(&found, &operations, &count) == 0 && count > 0) {
      slot = "in slot " + std::to_string(operations[0].number);
    }
    parts->push_back({"virtual function " + name_of(die), slot, slot});
  }

  /// dwarf_decl_file of elfutils 0.188 takes file 0 for none, which it was before DWARF 5.
  std::string file_of(Dwarf_Die* die) {
    uint64_t index = 0;
    Dwarf_Files* files = nullptr;
    size_t count = 0;
    if (!unsigned_of(die, DW_AT_decl_file, &index) || dwarf_getsrcfiles(&unit_->line_table, &files, &count) != 0) return "";
    const char* file = index < count ? dwarf_filesrc(files, index, nullptr, nullptr) : nullptr;
    if (!file) return "";
    return file[0] == '/' ? file : unit_->directory + "/" + file;
  }

  DebugUnit* unit_ = nullptr;
  TypeNames names_;
  Reading reading_;
  std::map<std::string, int> numbers_;
};

bool has_part(const Shape& shape, const std::string& name) {
  return std::any_of(shape.parts.begin(), shape.parts.end(), [&](const Part& part) { return part.name == name; });
}

/// The first difference in words, or "" if there is none.
std::string difference(const Shape& before, const Shape& after) {
  const size_t shorter = std::min(before.parts.size(), after.parts.size());
  const std::string sizes =
      before.size == after.size
          ? ""
          : ", and its size from " + std::to_string(before.size) + " to " + std::to_string(after.size) + " bytes";
  for (size_t i = 0; i < shorter; i++) {
    const Part& old = before.parts[i];
    const Part& now = after.parts[i];
    if (old.name == now.name && old.essence == now.essence) continue;
    if (old.name == now.name) return now.name + (now.name.empty() ? "" : " changed ") + "from " + old.text + " to " + now.text + sizes;
    if (has_part(after, old.name) && !has_part(before, now.name)) return now.name + " was added (" + now.text + ")" + sizes;
    if (has_part(before, now.name) && !has_part(after, old.name)) return old.name + " was removed" + sizes;
    return "there is now " + now.name + " (" + now.text + ") where " + old.name + " (" + old.text + ") was" + sizes;
  }
  if (after.parts.size() > shorter) {
    return after.parts[shorter].name + " was added (" + after.parts[shorter].text + ")" + sizes;
  }
  if (before.parts.size() > shorter) return before.parts[shorter].name + " was removed" + sizes;
  if (!sizes.empty()) return "its size changed" + sizes.substr(sizes.find(" from"));
  return "";
}

}  // namespace

Result<std::vector<LayoutChange>> compare_layouts(const std::string& before, const std::string& after) {
  auto old = Reader().read(before);
  if (!old) return old.error();
  auto now = Reader().read(after);
  if (!now) return now.error();
  std::vector<LayoutChange> changes;
  for (const Reading* reading : {&old.value(), &now.value()}) {
    if (reading->blind.empty()) continue;
    changes.push_back({"E_LAYOUT",
                       after + " " + reading->blind + ": whether the layout of a type changed cannot be told", "", "", 0, ""});
    return changes;
  }
  for (const auto& [name, shape] : now.value().shapes) {
    const auto found = old.value().shapes.find(name);
    if (found == old.value().shapes.end()) continue;
    const std::string what = difference(found->second, shape);
    if (what.empty()) continue;
    const bool plain = what.compare(0, 5, "from ") == 0;
    changes.push_back({shape.code, shape.what + " changed" + (plain ? " " : ": ") + what, shape.symbol, shape.file,
                       shape.line, shape.type});
  }
  auto forms = compare_variable_forms(before, after);
  if (!forms) return forms.error();
  changes.insert(changes.end(), forms.value().begin(), forms.value().end());
  return changes;
}

}  // namespace hotreload
