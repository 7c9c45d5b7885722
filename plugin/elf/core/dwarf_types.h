// Types as DWARF describes them, in two spellings: for the reader, and for comparison.
#ifndef HOTRELOAD_ELF_DWARF_TYPES_H
#define HOTRELOAD_ELF_DWARF_TYPES_H

#include <elfutils/libdw.h>

#include <cstdint>
#include <string>

namespace hotreload {

/// `text` is what a programmer would call it; two types with the same `essence` hold the same bits in the same way:
/// typedefs and qualifiers are looked through, and integers of one size are one.
struct TypeDescription {
  std::string text, essence;
};

TypeDescription describe_type(Dwarf_Die* type);

/// The DW_AT_type of a variable, member, function; `void` if it has none.
TypeDescription type_of(Dwarf_Die* die);

/// `int (Body&, double)`: what caller and callee must agree on.
TypeDescription signature_of(Dwarf_Die* function);

/// A lambda or an unnamed class: only its members tell what it holds.
bool is_anonymous(Dwarf_Die* type);

/// An unnamed class with an operator(): a lambda, or what is as good as one.
bool is_closure(Dwarf_Die* type);

/// Size, members, their types and offsets.
std::string members_of(Dwarf_Die* type);

/// Looks through DW_AT_specification and DW_AT_abstract_origin.
bool unsigned_of(Dwarf_Die* die, unsigned attribute, uint64_t* value);
bool flag_of(Dwarf_Die* die, unsigned attribute);
bool referred_by(Dwarf_Die* die, unsigned attribute, Dwarf_Die* found);
std::string string_of(Dwarf_Die* die, unsigned attribute);
std::string name_of(Dwarf_Die* die);

/// Calls `take` with each child.
template <typename F>
void for_each_child(Dwarf_Die* parent, F take) {
  Dwarf_Die child;
  for (bool more = dwarf_child(parent, &child) == 0; more; more = dwarf_siblingof(&child, &child) == 0) take(&child);
}

}  // namespace hotreload

#endif
