// Reads the types, variables and functions of an object from its DWARF with libdw, and compares two such readings.
#include "layout.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#include <gelf.h>

#include <map>
#include <memory>

#include "dwarf_types.h"

namespace hotreload {

namespace {

constexpr int kDeepest = 24;

struct Part {
  std::string name;  ///< "member x", "base Shape", "virtual function draw"
  std::string text, essence;
};

struct Shape {
  std::string code, what;  ///< E_LAYOUT and "the layout of Body"
  std::string file;
  unsigned line = 0;
  uint64_t size = 0;
  std::vector<Part> parts;
};

struct Reading {
  std::map<std::string, Shape> shapes;
  std::string blind;  ///< why not all types can be seen, "" if they can
};

struct DwflEnd {
  void operator()(Dwfl* dwfl) const { dwfl_end(dwfl); }
};

class Reader {
 public:
  explicit Reader(const std::string& path) : path_(path) {}

  Result<Reading> read() {
    static const Dwfl_Callbacks callbacks = {dwfl_build_id_find_elf, dwfl_standard_find_debuginfo,
                                             dwfl_offline_section_address, nullptr};
    std::unique_ptr<Dwfl, DwflEnd> dwfl(dwfl_begin(&callbacks));
    Dwfl_Module* module = dwfl ? dwfl_report_offline(dwfl.get(), "", path_.c_str(), -1) : nullptr;
    if (!module) return Error{"E_ELF", std::string("has debug information that cannot be read: ") + dwfl_errmsg(-1), path_};
    dwfl_report_end(dwfl.get(), nullptr, nullptr);
    Dwarf_Addr bias = 0;
    count_sections(dwfl_module_getelf(module, &bias));
    Dwarf* dwarf = dwfl_module_getdwarf(module, &bias);
    Dwarf_CU* unit = nullptr;
    Dwarf_Die die, inner;
    uint8_t kind = 0;
    bool found = false;
    while (dwarf && dwarf_get_units(dwarf, unit, &unit, nullptr, &kind, &die, &inner) == 0) {
      if (kind == DW_UT_skeleton || kind == DW_UT_split_compile || !string_of(&die, DW_AT_GNU_dwo_name).empty()) {
        reading_.blind = "is compiled with -gsplit-dwarf";
      }
      // gcc records its options; -g1 describes functions and no types.
      if ((string_of(&die, DW_AT_producer) + " ").find(" -g1 ") != std::string::npos) {
        reading_.blind = "is compiled with -g1";
      }
      found = true;
      unit_ = die;
      name_types(&die);
      visit_children(&die, "", 0);
    }
    if (!found) reading_.blind = "has no debug information (-g)";
    return std::move(reading_);
  }

 private:
  /// libdw reads one .debug_info: with type units of their own (-fdebug-types-section) there are several.
  void count_sections(Elf* elf) {
    size_t names = 0;
    int count = 0;
    if (!elf || elf_getshdrstrndx(elf, &names) != 0) return;
    for (Elf_Scn* scn = nullptr; (scn = elf_nextscn(elf, scn)) != nullptr;) {
      GElf_Shdr header;
      const char* name = gelf_getshdr(scn, &header) ? elf_strptr(elf, names, header.sh_name) : nullptr;
      const std::string text = name ? name : "";
      if (text == ".debug_info" || text == ".debug_types") count++;
    }
    if (count > 1) reading_.blind = "is compiled with -fdebug-types-section";
  }

  /// C names most of its types by a typedef alone.
  void name_types(Dwarf_Die* unit) {
    typedefs_.clear();
    for_each_child(unit, [&](Dwarf_Die* child) {
      Dwarf_Die type;
      if (dwarf_tag(child) == DW_TAG_typedef && referred_by(child, DW_AT_type, &type) && name_of(&type).empty()) {
        typedefs_.emplace(dwarf_dieoffset(&type), name_of(child));
      }
    });
  }

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
    // What a function contains is described once: in its abstract instance if it was inlined, else in its definition.
    const bool defined = dwarf_hasattr(die, DW_AT_low_pc) || dwarf_hasattr(die, DW_AT_ranges) ||
                         dwarf_hasattr(die, DW_AT_inline);
    if (!defined || dwarf_hasattr(die, DW_AT_abstract_origin)) return;
    const std::string linkage = string_of(die, DW_AT_linkage_name);
    const std::string name = linkage.empty() ? scope + name_of(die) : linkage;
    Shape shape = shape_of(die, "E_FUNCTION", "the signature of " + name_of(die));
    const TypeDescription signature = signature_of(die);
    shape.parts.push_back({"", signature.text, signature.essence});
    keep("function " + name, shape);
    visit_children(die, name + "()::", depth + 1);
  }

  void visit_variable(Dwarf_Die* die, const std::string& scope) {
    // Those on the stack and in registers have no fixed address; constants have no storage.
    const bool is_static = dwarf_hasattr(die, DW_AT_location) && (scope.find("()::") == std::string::npos || is_fixed(die));
    if (!is_static) return;
    const std::string linkage = string_of(die, DW_AT_linkage_name);
    Shape shape = shape_of(die, "E_VARIABLE", "the type of " + name_of(die));
    const TypeDescription type = type_of(die);
    shape.parts.push_back({"", type.text, type.essence});
    keep("variable " + (linkage.empty() ? scope + name_of(die) : linkage), shape);
  }

  static bool is_fixed(Dwarf_Die* die) {
    Dwarf_Attribute found;
    Dwarf_Op* operations = nullptr;
    size_t count = 0;
    if (!dwarf_attr(die, DW_AT_location, &found) || dwarf_getlocation(&found, &operations, &count) != 0) return false;
    if (count == 0) return false;
    const uint8_t first = operations[0].atom;
    return first == DW_OP_addr || first == DW_OP_addrx || first == DW_OP_GNU_addr_index ||
           operations[count - 1].atom == DW_OP_form_tls_address || operations[count - 1].atom == DW_OP_GNU_push_tls_address;
  }

  std::string type_name(Dwarf_Die* die) {
    const std::string name = name_of(die);
    if (!name.empty() && name[0] != '<') return name;
    const auto found = typedefs_.find(dwarf_dieoffset(die));
    if (found != typedefs_.end()) return found->second;
    // A closure goes by the parameters of its operator(), as in its mangled name.
    std::string closure;
    for_each_child(die, [&](Dwarf_Die* child) {
      if (dwarf_tag(child) == DW_TAG_subprogram && name_of(child) == "operator()") {
        closure = "lambda " + signature_of(child).text;
      }
    });
    if (!closure.empty()) return closure.substr(0, 7) + closure.substr(closure.find('('));
    return "unnamed " + std::to_string(dwarf_tag(die));
  }

  void visit_type(Dwarf_Die* die, const std::string& scope, int depth) {
    const std::string name = scope + type_name(die);
    const bool enumeration = dwarf_tag(die) == DW_TAG_enumeration_type;
    Shape shape = shape_of(die, "E_LAYOUT", "the layout of " + name);
    if (!flag_of(die, DW_AT_declaration) && unsigned_of(die, DW_AT_byte_size, &shape.size)) {
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
    if (!unsigned_of(die, DW_AT_decl_file, &index) || dwarf_getsrcfiles(&unit_, &files, &count) != 0) return "";
    const char* file = index < count ? dwarf_filesrc(files, index, nullptr, nullptr) : nullptr;
    if (!file) return "";
    return file[0] == '/' ? file : string_of(&unit_, DW_AT_comp_dir) + "/" + file;
  }

  const std::string path_;
  Dwarf_Die unit_{};
  Reading reading_;
  std::map<Dwarf_Off, std::string> typedefs_;
  std::map<std::string, int> numbers_;
};

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
  auto old = Reader(before).read();
  if (!old) return old.error();
  auto now = Reader(after).read();
  if (!now) return now.error();
  std::vector<LayoutChange> changes;
  for (const Reading* reading : {&old.value(), &now.value()}) {
    if (reading->blind.empty()) continue;
    changes.push_back({"E_LAYOUT",
                       after + " " + reading->blind + ": whether the layout of a type changed cannot be told", "", 0});
    return changes;
  }
  for (const auto& [name, shape] : now.value().shapes) {
    const auto found = old.value().shapes.find(name);
    if (found == old.value().shapes.end()) continue;
    const std::string what = difference(found->second, shape);
    if (what.empty()) continue;
    const bool plain = what.compare(0, 5, "from ") == 0;
    changes.push_back({shape.code, shape.what + " changed" + (plain ? " " : ": ") + what, shape.file, shape.line});
  }
  return changes;
}

}  // namespace hotreload
