// Reading symbol names.
#include "names.h"

#include <cxxabi.h>

#include <cstdlib>
#include <memory>

namespace hotreload {

namespace {

bool starts_with(std::string_view text, std::string_view prefix) { return text.substr(0, prefix.size()) == prefix; }

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Position behind the bracket that closes the one at `open`.
size_t behind_bracket(std::string_view text, size_t open, char opening, char closing) {
  int depth = 0;
  for (size_t i = open; i < text.size(); i++) {
    if (text[i] == opening) depth++;
    if (text[i] == closing && --depth == 0) return i + 1;
  }
  return text.size();
}

/// Position behind the operator whose symbol starts at `start`: `<<`, `()`, `"" _x`, ` new[]`, ` std::string`.
size_t behind_operator(std::string_view text, size_t start) {
  if (text.substr(start, 2) == "()") return start + 2;
  const size_t end = text.find('(', start);
  if (start < text.size() && (text[start] == ' ' || text[start] == '"')) return end == text.npos ? text.size() : end;
  size_t at = start;
  while (at < text.size() && std::string_view("<>=!+-*/%^&|~,[]").find(text[at]) != text.npos) at++;
  return at;
}

/// Registers what a sanitizer put around the variables of the file: `_sub_I_00099_1` of gcc, `asan.module_ctor` of clang.
bool is_sanitizer_constructor(std::string_view name) {
  if (starts_with(name, "_sub_I_") || starts_with(name, "_sub_D_")) return name.size() > 7 && is_digit(name[7]);
  const size_t dot = name.find(".module_");
  return dot != std::string_view::npos && dot + 12 == name.size() &&
         (name.substr(dot + 8) == "ctor" || name.substr(dot + 8) == "dtor");
}

}  // namespace

bool is_local_label(std::string_view name) { return name.empty() || starts_with(name, ".L"); }

bool is_clone(std::string_view name) {
  for (std::string_view mark : {".cold", ".part.", ".isra.", ".constprop.", ".lto_priv", ".localalias", ".llvm."}) {
    if (name.find(mark) != std::string_view::npos) return true;
  }
  return false;
}

bool is_virtual_table(std::string_view name) {
  return starts_with(name, "_ZTV") || starts_with(name, "_ZTT") || starts_with(name, "_ZTC");
}

bool is_type_information(std::string_view name) { return starts_with(name, "_ZTI") || starts_with(name, "_ZTS"); }

bool is_initializer(std::string_view name) {
  return starts_with(name, "_GLOBAL__") || starts_with(name, "__cxx_global_var_init") ||
         starts_with(name, "__cxx_global_array_dtor") || starts_with(name, "_ZTH") || name == "__tls_init" ||
         name.find("__static_initialization_and_destruction_") != std::string_view::npos ||
         is_sanitizer_constructor(name);
}

bool is_numbered_by_compiler(std::string_view name) {
  return name == ".str" || starts_with(name, ".str.") || starts_with(name, "__unnamed_") ||
         starts_with(name, "___asan_gen_") || starts_with(name, "__odr_asan");
}

bool is_guard(std::string_view name) { return starts_with(name, "_ZGV"); }

bool is_function_static(std::string_view name) { return starts_with(name, "_ZZ") || starts_with(name, "_ZGVZ"); }

std::string_view without_number(std::string_view name) {
  size_t end = name.size();
  while (end > 0 && is_digit(name[end - 1])) end--;
  if (end == name.size() || end < 2 || name[end - 1] != '.') return name;
  return name.substr(0, end - 1);
}

std::string_view static_family(std::string_view name) {
  if (!starts_with(name, "_ZZ")) return without_number(name);
  // <discriminator> := _ <digit> | __ <number> _
  size_t end = name.size();
  if (end > 0 && name[end - 1] == '_') end--;
  const size_t behind = end;
  while (end > 0 && is_digit(name[end - 1])) end--;
  if (end == behind || end < 2 || name[end - 1] != '_') return name;
  end--;
  if (behind != name.size()) return name[end - 1] == '_' ? name.substr(0, end - 1) : name;
  return name.substr(0, end);
}

std::string demangle(std::string_view name) {
  const std::string mangled(name);
  if (!starts_with(name, "_Z")) return mangled;  // __cxa_demangle would read "s" as the type short
  int status = 0;
  std::unique_ptr<char, decltype(&std::free)> text(abi::__cxa_demangle(mangled.c_str(), nullptr, nullptr, &status),
                                                   &std::free);
  return status == 0 && text ? std::string(text.get()) : mangled;
}

std::string short_name(std::string_view name) {
  std::string text = demangle(name);
  if (text == name) return text;
  // The parameter list is the first bracket on the outermost level that is not part of a scope: `f(int)`, but
  // `(anonymous namespace)::f()`, `operator()(int)` and `main::{lambda(int)#1}::operator()(int) const`.
  size_t start = 0;
  for (size_t i = 0; i < text.size(); i++) {
    if (text.compare(i, 8, "operator") == 0) {
      i = behind_operator(text, i + 8) - 1;
    } else if (text[i] == '<') {
      i = behind_bracket(text, i, '<', '>') - 1;
    } else if (text[i] == '{') {
      i = behind_bracket(text, i, '{', '}') - 1;
    } else if (text[i] == ' ') {
      start = i + 1;  // behind the return type of a template instance
    } else if (text[i] == '(') {
      const size_t behind = behind_bracket(text, i, '(', ')');
      const bool parameters = i > start && text.compare(behind, 2, "::") != 0 && text.compare(start, 8, "decltype") != 0;
      if (parameters) return text.substr(start, i - start);
      i = behind - 1;
    }
  }
  return text;
}

std::vector<LambdaMention> lambdas_in(std::string_view name) {
  std::vector<LambdaMention> found;
  // Mangled: Ul <parameters> E [number] _ ; clang numbers non-inline lambdas with $_N instead.
  if (name.find("Ul") == std::string_view::npos && name.find("$_") == std::string_view::npos) return found;
  const std::string text = demangle(name);
  for (size_t at = text.find("{lambda("); at != std::string::npos; at = text.find("{lambda(", at + 1)) {
    const size_t behind = behind_bracket(text, at + 7, '(', ')');
    if (behind >= text.size() || text[behind] != '#') continue;
    found.push_back({text.substr(0, behind), std::atoi(text.c_str() + behind + 1)});
  }
  for (size_t at = text.find("$_"); at != std::string::npos; at = text.find("$_", at + 1)) {
    if (at + 2 < text.size() && is_digit(text[at + 2])) {
      found.push_back({text.substr(0, at + 2), std::atoi(text.c_str() + at + 2)});
    }
  }
  return found;
}

}  // namespace hotreload
