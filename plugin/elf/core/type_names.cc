// Names types and functions by their DWARF.
#include "type_names.h"

#include <dwarf.h>

#include "dwarf_types.h"

namespace hotreload {

void TypeNames::read(Dwarf_Die* unit) {
  for_each_child(unit, [&](Dwarf_Die* child) {
    Dwarf_Die type;
    if (dwarf_tag(child) == DW_TAG_typedef && referred_by(child, DW_AT_type, &type) && name_of(&type).empty()) {
      typedefs_.emplace(type.addr, name_of(child));
    }
  });
}

std::string TypeNames::of(Dwarf_Die* type, const std::string& scope) {
  Dwarf_Attribute reference;
  Dwarf_Die declaration;
  if (dwarf_attr(type, DW_AT_specification, &reference) && dwarf_formref_die(&reference, &declaration)) {
    const auto found = declared_.find(declaration.addr);
    if (found != declared_.end()) return found->second;
  }
  const std::string name = scope + unscoped(type);
  if (dwarf_hasattr(type, DW_AT_declaration)) declared_.emplace(type->addr, name);
  return name;
}

std::string TypeNames::unscoped(Dwarf_Die* type) const {
  Dwarf_Attribute reference;
  Dwarf_Die whole;
  if (dwarf_attr(type, DW_AT_signature, &reference) && dwarf_formref_die(&reference, &whole)) return unscoped(&whole);
  const std::string name = name_of(type);
  if (!name.empty() && name[0] != '<') return name;
  const auto found = typedefs_.find(type->addr);
  if (found != typedefs_.end()) return found->second;
  // A closure goes by the parameters of its operator(), as in its mangled name.
  std::string closure;
  for_each_child(type, [&](Dwarf_Die* child) {
    if (dwarf_tag(child) == DW_TAG_subprogram && name_of(child) == "operator()") {
      closure = "lambda " + signature_of(child).text;
    }
  });
  if (!closure.empty()) return closure.substr(0, 7) + closure.substr(closure.find('('));
  return "unnamed " + std::to_string(dwarf_tag(type));
}

bool is_type(int tag) {
  return tag == DW_TAG_structure_type || tag == DW_TAG_class_type || tag == DW_TAG_union_type ||
         tag == DW_TAG_enumeration_type;
}

FunctionEntry function_entry(Dwarf_Die* function) {
  if (dwarf_hasattr(function, DW_AT_abstract_origin)) return FunctionEntry::kCopy;
  if (dwarf_hasattr(function, DW_AT_low_pc) || dwarf_hasattr(function, DW_AT_ranges) ||
      dwarf_hasattr(function, DW_AT_inline)) {
    return FunctionEntry::kDefinition;
  }
  const bool nameless = name_of(function).empty() && !dwarf_hasattr(function, DW_AT_declaration);
  return nameless ? FunctionEntry::kCopy : FunctionEntry::kDeclaration;
}

std::string linkage_name(Dwarf_Die* die, const std::string& scope) {
  const std::string linkage = string_of(die, DW_AT_linkage_name);
  return linkage.empty() ? scope + name_of(die) : linkage;
}

std::string scope_of_function(Dwarf_Die* function, const std::string& scope) {
  return linkage_name(function, scope) + "()::";
}

bool is_static_variable(Dwarf_Die* variable, bool in_function) {
  if (!dwarf_hasattr(variable, DW_AT_location)) return false;
  if (!in_function) return true;
  Dwarf_Attribute found;
  Dwarf_Op* operations = nullptr;
  size_t count = 0;
  if (!dwarf_attr(variable, DW_AT_location, &found) || dwarf_getlocation(&found, &operations, &count) != 0) return false;
  if (count == 0) return false;
  const uint8_t first = operations[0].atom, last = operations[count - 1].atom;
  return first == DW_OP_addr || first == DW_OP_addrx || first == DW_OP_GNU_addr_index ||
         last == DW_OP_form_tls_address || last == DW_OP_GNU_push_tls_address;
}

}  // namespace hotreload
