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
  for (std::string_view symbol : {"<=>", "->*", "<<=", ">>=", "[]", "<<", ">>", "<=", ">=", "==", "!=", "&&", "||", "++", "--",
                                  "->", "+=", "-=", "*=", "/=", "%=", "^=", "&=", "|=", "<", ">", "=", "!", "+", "-",
                                  "*", "/", "%", "^", "&", "|", "~", ","}) {
    if (text.substr(start, symbol.size()) != symbol) continue;
    const size_t behind = start + symbol.size();
    return text.substr(behind, 2) == " <" ? behind + 1 : behind;  // of a template: `operator< <int>`
  }
  return start;
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

bool is_specialised_copy(std::string_view name, std::string_view base) {
  if (name.size() <= base.size() || !starts_with(name, base)) return false;
  const std::string_view rest = name.substr(base.size());
  return starts_with(rest, ".constprop.") || starts_with(rest, ".isra.") || starts_with(rest, ".part.");
}

bool is_pc_thunk(std::string_view name) { return starts_with(name, "__x86.get_pc_thunk."); }

bool is_virtual_table(std::string_view name) {
  return starts_with(name, "_ZTV") || starts_with(name, "_ZTT") || starts_with(name, "_ZTC");
}

bool is_type_information(std::string_view name) { return starts_with(name, "_ZTI") || starts_with(name, "_ZTS"); }

bool is_type_name(std::string_view name) { return starts_with(name, "_ZTS"); }

bool is_coroutine_part(std::string_view name) {
  for (std::string_view mark : {".actor", ".resume", ".destroy", ".cleanup"}) {
    if (name.find(mark) != std::string_view::npos) return true;
  }
  return false;
}

bool is_initializer(std::string_view name) {
  return starts_with(name, "_GLOBAL__") || starts_with(name, "__cxx_global_var_init") ||
         starts_with(name, "__cxx_global_array_dtor") || starts_with(name, "_ZTH") || name == "__tls_init" ||
         name.find("__static_initialization_and_destruction_") != std::string_view::npos ||
         is_sanitizer_constructor(name);
}

bool is_thread_initializer(std::string_view name) { return starts_with(name, "_ZTH") || name == "__tls_init"; }

bool is_sanitizer_start(std::string_view name) {
  return is_sanitizer_constructor(name) || starts_with(name, "_GLOBAL__sub_I_00099_");
}

bool is_construction_guard(std::string_view name) { return name.find("hotreload_guard") != std::string_view::npos; }

bool is_construction(std::string_view name) {
  return name.find("hotreload_construct_") != std::string_view::npos || is_construction_guard(name);
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

std::string without_tags(const std::string& text) {
  std::string result = text;
  for (size_t at = result.find("[abi:"); at != std::string::npos; at = result.find("[abi:", at)) {
    result.erase(at, result.find(']', at) - at + 1);
  }
  return result;
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

bool may_mention_anonymous(std::string_view name) {
  if (!starts_with(name, "_Z")) return false;
  for (std::string_view mark : {"Ul", "Ut", "$_"}) {
    if (name.find(mark) != std::string_view::npos) return true;
  }
  return false;
}

namespace {

/// Where the scope begins that ends at `end`: behind the space, comma or bracket that it is an argument of.
size_t scope_begin(const std::string& text, size_t end) {
  int depth = 0;
  size_t at = end;
  for (; at > 0; at--) {
    const char c = text[at - 1];
    if (c == ')' || c == '>' || c == '}' || c == ']') {
      depth++;
    } else if (c == '(' || c == '<' || c == '{' || c == '[') {
      if (depth-- == 0) break;
    } else if (depth == 0 && c == ',') {
      break;
    } else if (depth == 0 && c == ' ') {
      const std::string_view behind = std::string_view(text).substr(at);
      const bool qualifier = starts_with(behind, "const") || starts_with(behind, "volatile") || starts_with(behind, "&");
      if (!qualifier) break;
    }
  }
  return at;
}

}  // namespace

std::vector<Anonymous> anonymous_in(const std::string& text) {
  std::vector<Anonymous> found;
  for (size_t at = 0; at < text.size(); at++) {
    size_t digits = 0;
    if (text.compare(at, 8, "{lambda(") == 0) {
      const size_t behind = behind_bracket(text, at + 7, '(', ')');
      if (behind < text.size() && text[behind] == '#') digits = behind + 1;
    } else if (text.compare(at, 14, "{unnamed type#") == 0) {
      digits = at + 14;
    } else if (text.compare(at, 2, "$_") == 0) {
      digits = at + 2;
    }
    if (digits == 0 || digits >= text.size() || !is_digit(text[digits])) continue;
    Anonymous one;
    one.kind = text.substr(at, digits - at);
    one.number = std::atoi(text.c_str() + digits);
    one.end = digits;
    while (one.end < text.size() && is_digit(text[one.end])) one.end++;
    if (one.kind[0] == '{') one.end++;  // the closing bracket
    const bool scoped = at >= 2 && text.compare(at - 2, 2, "::") == 0;
    one.begin = scoped ? scope_begin(text, at - 2) : at;
    if (scoped) one.scope = text.substr(one.begin, at - 2 - one.begin);
    found.push_back(std::move(one));
  }
  return found;
}

std::string without_anonymous_numbers(std::string_view name, const std::string& text) {
  std::string result;
  // Mangled: Ul <parameters> E [number] _, Ut [number] _, and <length> $_ <number>.
  for (size_t i = 0; i < name.size(); i++) {
    result += name[i];
    const bool lambda = name[i] == 'E' || (name[i] == 't' && i > 0 && name[i - 1] == 'U');
    const bool numbered = name[i] == '_' && i > 0 && name[i - 1] == '$';
    size_t digits = i + 1;
    while (digits < name.size() && is_digit(name[digits])) digits++;
    if (lambda && digits < name.size() && name[digits] == '_') i = digits - 1;
    if (numbered) {
      result.erase(result.size() - 2);
      while (!result.empty() && is_digit(result.back())) result.pop_back();
      result += "$_";
      i = digits - 1;
    }
  }
  result += ' ';
  size_t behind = 0;
  for (const Anonymous& one : anonymous_in(text)) {
    const size_t number = one.end - (one.kind[0] == '{' ? 1 : 0) - std::to_string(one.number).size();
    result += text.substr(behind, number - behind);
    behind = one.end;
  }
  return result + text.substr(behind);
}

std::string without_linkage(std::string_view name) {
  std::string result;
  for (size_t i = 0; i < name.size(); i++) {
    if (name[i] != 'L' || i + 1 >= name.size() || !is_digit(name[i + 1])) result += name[i];
  }
  return result;
}

std::string outermost_function(const std::string& scope) {
  size_t start = 0;
  for (size_t i = 0; i < scope.size(); i++) {
    if (scope.compare(i, 8, "operator") == 0 && (i == start)) return "operator";
    if (scope[i] == '<') {
      i = behind_bracket(scope, i, '<', '>') - 1;
    } else if (scope[i] == '{') {
      i = behind_bracket(scope, i, '{', '}') - 1;
    } else if (scope.compare(i, 2, "::") == 0) {
      start = ++i + 1;
    } else if (scope[i] == '(') {
      const size_t behind = behind_bracket(scope, i, '(', ')');
      if (i > start) {
        const std::string name = scope.substr(start, i - start);
        return name.substr(0, name.find('<'));
      }
      i = behind - 1;  // (anonymous namespace)
    }
  }
  return "";
}

}  // namespace hotreload
