// What a symbol's name tells: clones, numbered statics, lambdas, virtual tables, initializers (Itanium C++ ABI 5.1).
#ifndef HOTRELOAD_ELF_NAMES_H
#define HOTRELOAD_ELF_NAMES_H

#include <string>
#include <string_view>
#include <vector>

namespace hotreload {

/// Assembler-local label (`.LC0`, `.L.str.3`): its number means nothing from one compilation to the next.
bool is_local_label(std::string_view name);

/// A part or specialised copy of a function that only the compiler's own code calls: `f.cold`, `f.constprop.0`.
bool is_clone(std::string_view name);

/// `_ZTV`, `_ZTT`, `_ZTC`: a virtual table, VTT, or construction virtual table.
bool is_virtual_table(std::string_view name);

/// `_ZTI`, `_ZTS`: type information and its name.
bool is_type_information(std::string_view name);

/// Function that runs dynamic initializers, or registers with a sanitizer: called once before main, or once a thread.
bool is_initializer(std::string_view name);

/// Data that the compiler made up and numbers by order, so that its name means something else in the next version:
/// AddressSanitizer's tables of variables, and the string literals that it puts among them (`.str.3` of clang).
bool is_numbered_by_compiler(std::string_view name);

/// Guard of a function-local static or inline variable.
bool is_guard(std::string_view name);

/// A variable that belongs to a function: it is constructed when control first reaches it.
bool is_function_static(std::string_view name);

/// `counter.0` -> `counter`: the name without the number that gcc gives to C's function statics; else the name itself.
std::string_view without_number(std::string_view name);

/// What the statics of one name in one function have in common: `_ZZ1fvE1n_0` and `_ZZ1fvE1n` -> `_ZZ1fvE1n`,
/// clang's `f.n.1` and `f.n` -> `f.n`. Their numbers follow their order in the source.
std::string_view static_family(std::string_view name);

/// As the user wrote it: `Body::kick(double)`; the name itself if it is not mangled.
std::string demangle(std::string_view name);

/// Demangled without parameters and return type: `Body::kick`.
std::string short_name(std::string_view name);

/// One lambda that the name mentions: `scope::{lambda(int)` and its number.
struct LambdaMention {
  std::string family;
  int number;
};
std::vector<LambdaMention> lambdas_in(std::string_view name);

}  // namespace hotreload

#endif
