// Reads the types of an object from its DWARF with libdw and describes their layouts.
#include "layout.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>

#include <cstring>
#include <map>
#include <memory>

namespace hotreload {

namespace {

constexpr int kDeepest = 12;

struct Part {
  std::string name;
  std::string text;  ///< type and place, in words
};

struct Layout {
  std::string name, file;
  unsigned line = 0;
  uint64_t size = 0;
  std::vector<Part> parts;
};

using Layouts = std::map<std::string, Layout>;

struct DwflEnd {
  void operator()(Dwfl* dwfl) const { dwfl_end(dwfl); }
};

bool unsigned_of(Dwarf_Die* die, unsigned attribute, uint64_t* value) {
  Dwarf_Attribute found;
  Dwarf_Word word;
  if (!dwarf_attr_integrate(die, attribute, &found) || dwarf_formudata(&found, &word) != 0) return false;
  *value = word;
  return true;
}

bool flag_of(Dwarf_Die* die, unsigned attribute) {
  Dwarf_Attribute found;
  bool value = false;
  return dwarf_attr_integrate(die, attribute, &found) && dwarf_formflag(&found, &value) == 0 && value;
}

bool type_of(Dwarf_Die* die, Dwarf_Die* type) {
  Dwarf_Attribute found;
  return dwarf_attr_integrate(die, DW_AT_type, &found) && dwarf_formref_die(&found, type);
}

std::string name_of(Dwarf_Die* die) {
  const char* name = dwarf_diename(die);
  return name ? name : "";
}

/// A type as it matters for an object in memory: typedefs and qualifiers looked through.
std::string describe_type(Dwarf_Die* die, int depth = 0) {
  if (depth > kDeepest) return "...";
  Dwarf_Die type;
  switch (dwarf_tag(die)) {
    case DW_TAG_typedef:
    case DW_TAG_const_type:
    case DW_TAG_volatile_type:
    case DW_TAG_restrict_type:
    case DW_TAG_atomic_type: return type_of(die, &type) ? describe_type(&type, depth + 1) : "void";
    case DW_TAG_pointer_type: return (type_of(die, &type) ? describe_type(&type, depth + 1) : "void") + "*";
    case DW_TAG_reference_type:
    case DW_TAG_rvalue_reference_type: return (type_of(die, &type) ? describe_type(&type, depth + 1) : "void") + "&";
    case DW_TAG_subroutine_type: return "function";
    case DW_TAG_ptr_to_member_type: return "pointer to member";
    case DW_TAG_array_type: {
      std::string text = type_of(die, &type) ? describe_type(&type, depth + 1) : "void";
      Dwarf_Die child;
      for (bool more = dwarf_child(die, &child) == 0; more; more = dwarf_siblingof(&child, &child) == 0) {
        uint64_t count = 0, bound = 0;
        if (dwarf_tag(&child) != DW_TAG_subrange_type) continue;
        if (!unsigned_of(&child, DW_AT_count, &count) && unsigned_of(&child, DW_AT_upper_bound, &bound)) count = bound + 1;
        text += "[" + std::to_string(count) + "]";
      }
      return text;
    }
    default: {
      const std::string name = name_of(die);
      if (!name.empty()) return name;
      uint64_t size = 0;
      unsigned_of(die, DW_AT_byte_size, &size);
      return "unnamed type of " + std::to_string(size) + " bytes";
    }
  }
}

class Reader {
 public:
  Reader(const std::string& path, const std::string& root) : path_(path), root_(root + "/") {}

  Result<Layouts> read() {
    static const Dwfl_Callbacks callbacks = {dwfl_build_id_find_elf, dwfl_standard_find_debuginfo,
                                             dwfl_offline_section_address, nullptr};
    std::unique_ptr<Dwfl, DwflEnd> dwfl(dwfl_begin(&callbacks));
    Dwfl_Module* module = dwfl ? dwfl_report_offline(dwfl.get(), "", path_.c_str(), -1) : nullptr;
    if (!module) return Error{"E_ELF", std::string("has no debug information that can be read: ") + dwfl_errmsg(-1), path_};
    dwfl_report_end(dwfl.get(), nullptr, nullptr);
    Dwarf_Addr bias = 0;
    Dwarf* dwarf = dwfl_module_getdwarf(module, &bias);
    if (!dwarf) return Layouts{};
    Dwarf_CU* unit = nullptr;
    Dwarf_Die die, inner;
    uint8_t kind = 0;
    while (dwarf_get_units(dwarf, unit, &unit, nullptr, &kind, &die, &inner) == 0) {
      unit_ = die;
      visit_children(&die, "", 0);
    }
    return std::move(layouts_);
  }

 private:
  void visit_children(Dwarf_Die* parent, const std::string& scope, int depth) {
    Dwarf_Die child;
    std::map<std::string, int> numbers;
    for (bool more = depth < kDeepest && dwarf_child(parent, &child) == 0; more;
         more = dwarf_siblingof(&child, &child) == 0) {
      switch (dwarf_tag(&child)) {
        case DW_TAG_namespace: visit_children(&child, scope + name_of(&child) + "::", depth + 1); break;
        case DW_TAG_subprogram: visit_function(&child, scope, depth); break;
        case DW_TAG_lexical_block: visit_children(&child, scope, depth + 1); break;
        case DW_TAG_structure_type:
        case DW_TAG_class_type:
        case DW_TAG_union_type:
        case DW_TAG_enumeration_type: visit_type(&child, scope, &numbers, depth); break;
        default: break;
      }
    }
  }

  void visit_function(Dwarf_Die* die, const std::string& scope, int depth) {
    // Only a definition has local types; it refers to its declaration for the name.
    if (!dwarf_hasattr(die, DW_AT_low_pc) && !dwarf_hasattr(die, DW_AT_ranges) && !dwarf_hasattr(die, DW_AT_inline)) return;
    Dwarf_Attribute found;
    const char* linkage = dwarf_attr_integrate(die, DW_AT_linkage_name, &found) ? dwarf_formstring(&found) : nullptr;
    visit_children(die, scope + (linkage ? linkage : name_of(die)) + "()::", depth + 1);
  }

  void visit_type(Dwarf_Die* die, const std::string& scope, std::map<std::string, int>* numbers, int depth) {
    std::string name = name_of(die);
    const bool closure = name.empty() || name[0] == '<';
    if (closure) name = (name.empty() ? "unnamed" : name) + "#" + std::to_string((*numbers)[name]++);
    const bool enumeration = dwarf_tag(die) == DW_TAG_enumeration_type;
    Layout layout;
    uint64_t line = 0;
    if (unsigned_of(die, DW_AT_decl_line, &line)) layout.line = unsigned(line);
    const char* file = file_of(die);
    const bool of_project = file && absolute(file).compare(0, root_.size(), root_) == 0;
    if (of_project && !flag_of(die, DW_AT_declaration) && unsigned_of(die, DW_AT_byte_size, &layout.size)) {
      layout.name = scope + name;
      layout.file = absolute(file);
      if (enumeration) {
        Dwarf_Die type;
        if (type_of(die, &type)) layout.parts.push_back({"", "its type is " + describe_type(&type)});
      } else {
        describe_members(die, &layout.parts, 0);
      }
      layouts_.emplace(layout.name, layout);
    }
    if (!enumeration) visit_children(die, scope + name + "::", depth + 1);
  }

  void describe_members(Dwarf_Die* die, std::vector<Part>* parts, int depth) {
    Dwarf_Die child;
    for (bool more = depth < kDeepest && dwarf_child(die, &child) == 0; more;
         more = dwarf_siblingof(&child, &child) == 0) {
      const int tag = dwarf_tag(&child);
      if (tag == DW_TAG_subprogram) describe_virtual(&child, parts);
      if (tag != DW_TAG_member && tag != DW_TAG_inheritance) continue;
      if (flag_of(&child, DW_AT_external) || flag_of(&child, DW_AT_declaration)) continue;  // static member
      Dwarf_Die type;
      uint64_t offset = 0, bits = 0, first = 0;
      if (!type_of(&child, &type)) continue;
      unsigned_of(&child, DW_AT_data_member_location, &offset);
      std::string text = describe_type(&type) + " at offset " + std::to_string(offset);
      if (unsigned_of(&child, DW_AT_bit_size, &bits)) {
        if (!unsigned_of(&child, DW_AT_data_bit_offset, &first)) unsigned_of(&child, DW_AT_bit_offset, &first);
        text += ", bits " + std::to_string(first) + " to " + std::to_string(first + bits);
      }
      const std::string name = name_of(&child);
      const std::string prefix = tag == DW_TAG_inheritance ? "base " : "member ";
      parts->push_back({tag == DW_TAG_inheritance ? prefix + describe_type(&type)
                                                  : prefix + (name.empty() ? "(unnamed)" : name), text});
      if (name.empty() && tag == DW_TAG_member) describe_members(&type, parts, depth + 1);
    }
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
    parts->push_back({"virtual function " + name_of(die), slot});
  }

  /// dwarf_decl_file of elfutils 0.188 takes file 0 for none, which it was before DWARF 5.
  const char* file_of(Dwarf_Die* die) {
    uint64_t index = 0;
    Dwarf_Files* files = nullptr;
    size_t count = 0;
    if (!unsigned_of(die, DW_AT_decl_file, &index) || dwarf_getsrcfiles(&unit_, &files, &count) != 0) return nullptr;
    return index < count ? dwarf_filesrc(files, index, nullptr, nullptr) : nullptr;
  }

  std::string absolute(const char* file) {
    if (file[0] == '/') return file;
    Dwarf_Attribute found;
    const char* directory = dwarf_attr(&unit_, DW_AT_comp_dir, &found) ? dwarf_formstring(&found) : nullptr;
    return std::string(directory ? directory : "") + "/" + file;
  }

  const std::string path_, root_;
  Dwarf_Die unit_{};
  Layouts layouts_;
};

/// The first difference in words, or "" if there is none.
std::string difference(const Layout& before, const Layout& after) {
  const size_t shorter = std::min(before.parts.size(), after.parts.size());
  const std::string sizes =
      before.size == after.size
          ? ""
          : ", and its size from " + std::to_string(before.size) + " to " + std::to_string(after.size) + " bytes";
  for (size_t i = 0; i < shorter; i++) {
    const Part& old = before.parts[i];
    const Part& now = after.parts[i];
    if (old.name == now.name && old.text == now.text) continue;
    if (old.name == now.name) return now.name + " changed from " + old.text + " to " + now.text + sizes;
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

Result<std::vector<LayoutChange>> compare_layouts(const std::string& before, const std::string& after,
                                                  const std::string& root) {
  auto old = Reader(before, root).read();
  if (!old) return old.error();
  auto now = Reader(after, root).read();
  if (!now) return now.error();
  std::vector<LayoutChange> changes;
  for (const auto& [name, layout] : now.value()) {
    const auto found = old.value().find(name);
    if (found == old.value().end()) continue;
    const std::string what = difference(found->second, layout);
    if (!what.empty()) changes.push_back({"the layout of " + name + " changed: " + what, layout.file, layout.line});
  }
  return changes;
}

}  // namespace hotreload
