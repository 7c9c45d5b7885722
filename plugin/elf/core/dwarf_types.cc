// Describes types, and reads attributes with libdw.
#include "dwarf_types.h"

#include <dwarf.h>

namespace hotreload {

namespace {

constexpr int kDeepest = 16;

TypeDescription describe(Dwarf_Die* die, int depth);

TypeDescription describe_referred(Dwarf_Die* die, int depth, const char* suffix) {
  Dwarf_Die type;
  TypeDescription found{"void", "void"};
  if (referred_by(die, DW_AT_type, &type)) found = describe(&type, depth + 1);
  return {found.text + suffix, found.essence + suffix};
}

TypeDescription describe_base(Dwarf_Die* die) {
  uint64_t size = 0, encoding = 0;
  unsigned_of(die, DW_AT_byte_size, &size);
  unsigned_of(die, DW_AT_encoding, &encoding);
  const bool integer = encoding == DW_ATE_signed || encoding == DW_ATE_unsigned || encoding == DW_ATE_signed_char ||
                       encoding == DW_ATE_unsigned_char || encoding == DW_ATE_UTF;
  const std::string name = name_of(die);
  return {name, integer ? "integer of " + std::to_string(size) : name};
}

TypeDescription describe_array(Dwarf_Die* die, int depth) {
  TypeDescription found = describe_referred(die, depth, "");
  for_each_child(die, [&](Dwarf_Die* child) {
    uint64_t count = 0, bound = 0;
    if (dwarf_tag(child) != DW_TAG_subrange_type) return;
    if (!unsigned_of(child, DW_AT_count, &count) && unsigned_of(child, DW_AT_upper_bound, &bound)) count = bound + 1;
    found.text += "[" + std::to_string(count) + "]";
    found.essence += "[" + std::to_string(count) + "]";
  });
  return found;
}

std::string describe_members(Dwarf_Die* die, int depth) {
  uint64_t size = 0;
  unsigned_of(die, DW_AT_byte_size, &size);
  std::string members = std::to_string(size) + " bytes {";
  for_each_child(die, [&](Dwarf_Die* child) {
    if (dwarf_tag(child) != DW_TAG_member) return;
    uint64_t offset = 0;
    unsigned_of(child, DW_AT_data_member_location, &offset);
    members += name_of(child) + " " + describe_referred(child, depth, "").essence + " at " + std::to_string(offset) + ";";
  });
  return members + "}";
}

TypeDescription describe_named(Dwarf_Die* die, int depth) {
  std::string name = name_of(die);
  if (name.empty()) {
    uint64_t size = 0;
    unsigned_of(die, DW_AT_byte_size, &size);
    name = "unnamed type of " + std::to_string(size) + " bytes";
  }
  // The name alone: how it is laid out is compared where it is declared. Of a closure the name says nothing.
  return {name, is_closure(die) ? describe_members(die, depth) : name};
}

TypeDescription describe(Dwarf_Die* die, int depth) {
  if (depth > kDeepest) return {"...", "..."};
  switch (dwarf_tag(die)) {
    case DW_TAG_typedef: return {name_of(die), describe_referred(die, depth, "").essence};
    case DW_TAG_const_type:
    case DW_TAG_volatile_type:
    case DW_TAG_restrict_type:
    case DW_TAG_atomic_type: return describe_referred(die, depth, "");
    case DW_TAG_pointer_type: return describe_referred(die, depth, "*");
    case DW_TAG_reference_type:
    case DW_TAG_rvalue_reference_type: return describe_referred(die, depth, "&");
    case DW_TAG_ptr_to_member_type: return describe_referred(die, depth, " of a member, pointer");
    case DW_TAG_subroutine_type: return signature_of(die);
    case DW_TAG_array_type: return describe_array(die, depth);
    case DW_TAG_base_type: return describe_base(die);
    default: return describe_named(die, depth);
  }
}

}  // namespace

bool is_anonymous(Dwarf_Die* type) {
  const int tag = dwarf_tag(type);
  if (tag != DW_TAG_structure_type && tag != DW_TAG_class_type && tag != DW_TAG_union_type) return false;
  const std::string name = name_of(type);
  return name.empty() || name[0] == '<';  // gcc writes <lambda(int)>
}

bool is_closure(Dwarf_Die* type) {
  bool callable = false;
  if (!is_anonymous(type)) return false;
  for_each_child(type, [&](Dwarf_Die* child) {
    callable = callable || (dwarf_tag(child) == DW_TAG_subprogram && name_of(child).compare(0, 10, "operator()") == 0);
  });
  return callable;
}

std::string members_of(Dwarf_Die* type) { return describe_members(type, 0); }

TypeDescription describe_type(Dwarf_Die* type) { return describe(type, 0); }

TypeDescription type_of(Dwarf_Die* die) { return describe_referred(die, 0, ""); }

TypeDescription signature_of(Dwarf_Die* function) {
  const TypeDescription result = type_of(function);
  std::string text, essence;
  for_each_child(function, [&](Dwarf_Die* child) {
    if (dwarf_tag(child) == DW_TAG_unspecified_parameters) {
      text += text.empty() ? "..." : ", ...";
      essence += ",...";
    }
    if (dwarf_tag(child) != DW_TAG_formal_parameter || flag_of(child, DW_AT_artificial)) return;
    const TypeDescription type = type_of(child);
    text += (text.empty() ? "" : ", ") + type.text;
    essence += "," + type.essence;
  });
  return {result.text + " (" + text + ")", result.essence + "(" + essence + ")"};
}

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

bool referred_by(Dwarf_Die* die, unsigned attribute, Dwarf_Die* found) {
  Dwarf_Attribute reference;
  if (!dwarf_attr_integrate(die, attribute, &reference) || !dwarf_formref_die(&reference, found)) return false;
  // A unit may name a type of another unit by a declaration that has nothing but its signature.
  Dwarf_Die whole;
  if (dwarf_attr(found, DW_AT_signature, &reference) && dwarf_formref_die(&reference, &whole)) *found = whole;
  return true;
}

std::string string_of(Dwarf_Die* die, unsigned attribute) {
  Dwarf_Attribute found;
  const char* text = dwarf_attr_integrate(die, attribute, &found) ? dwarf_formstring(&found) : nullptr;
  return text ? text : "";
}

std::string name_of(Dwarf_Die* die) { return string_of(die, DW_AT_name); }

}  // namespace hotreload
