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

/// A copy of the function `base` that the compiler specialised for some of its callers: `f.constprop.0`, `f.isra.0`,
/// `f.part.0`.
bool is_specialised_copy(std::string_view name, std::string_view base);

/// A few instructions that tell code of 32-bit x86 where it is: `__x86.get_pc_thunk.bx`.
bool is_pc_thunk(std::string_view name);

/// `_ZTV`, `_ZTT`, `_ZTC`: a virtual table, VTT, or construction virtual table.
bool is_virtual_table(std::string_view name);

/// `_ZTI`, `_ZTS`: type information and its name.
bool is_type_information(std::string_view name);

/// `_ZTS`: the name of a type.
bool is_type_name(std::string_view name);

/// The part of a coroutine that runs after its first suspension, which a suspended frame goes on in: `f.actor`, `f.resume`.
bool is_coroutine_part(std::string_view name);

/// Function that runs dynamic initializers, or registers with a sanitizer: called once before main, or once a thread.
bool is_initializer(std::string_view name);

/// An initializer that each thread runs for itself: `_ZTH`, `__tls_init`.
bool is_thread_initializer(std::string_view name);

/// An initializer that does nothing but register with a sanitizer.
bool is_sanitizer_start(std::string_view name);

/// What we add to a file to construct its new variables (plugin/constructions.ts), and what belongs to that.
bool is_construction(std::string_view name);

/// Of these, the function that calls the others.
bool is_construction_guard(std::string_view name);

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

/// Without the ABI tags that gcc shows in names: `text[abi:cxx11]` -> `text`.
std::string without_tags(const std::string& text);

/// As the user wrote it: `Body::kick(double)`; the name itself if it is not mangled.
std::string demangle(std::string_view name);

/// Demangled without parameters and return type: `Body::kick`.
std::string short_name(std::string_view name);

/// A lambda or unnamed type that a demangled name mentions, with the scope that it is numbered in:
/// `f(int)::{lambda(int)#2}`, `f()::{unnamed type#1}`, or clang's `f()::$_3`.
struct Anonymous {
  size_t begin = 0, end = 0;  ///< of its whole name, scope included, in the text
  std::string scope;          ///< "f(int)", "" for one outside of functions
  std::string kind;           ///< "{lambda(int)#"; "$_" where the compiler numbers all of a file
  int number = 0;
};

/// False for most names, which saves demangling them.
bool may_mention_anonymous(std::string_view name);

/// Of a demangled name, by where their own part of the name stands: an outer one comes before an inner one.
std::vector<Anonymous> anonymous_in(const std::string& text);

/// The name without the numbers of lambdas and unnamed types, and the text as well: what stays if they are renumbered.
std::string without_anonymous_numbers(std::string_view name, const std::string& text);

/// The same for `static int f()` and `int f()`, which C++ mangles as _ZL1fv and _Z1fv.
std::string without_linkage(std::string_view name);

/// The unqualified name of the outermost function in a scope, without template arguments: `keep` of `ns::keep<int>(int)`.
std::string outermost_function(const std::string& scope);

}  // namespace hotreload

#endif
