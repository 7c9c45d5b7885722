// A type whose objects are local variables of one function is told from one whose objects may be anywhere.
#include "type_uses.h"

#include "../../../test/elf/compiled_objects.h"

using namespace hotreload;
using namespace hotreload_test;

namespace {

/// "local f" or "escape" for each use, sorted, once each.
Names uses_of(const Toolchain& toolchain, const std::string& text, const std::string& type, const std::string& more,
              const std::string& source) {
  Space space;
  auto uses = find_type_uses(space.compile(toolchain, source, text, "unit.o", more), {type});
  if (!uses) FAIL(uses.error().message);
  Names list;
  for (const TypeUse& use : uses.value()) {
    CHECK(use.type == type);
    list.push_back(use.form == TypeUse::Form::kEscape ? "escape" : "local " + joined(sorted(use.functions)));
  }
  list = sorted(list);
  list.erase(std::unique(list.begin(), list.end()), list.end());
  return list;
}

void check_uses(const std::string& text, const std::string& type, const Names& expected,
                const std::string& source = "unit.cc", const std::string& without = "none") {
  for (const Toolchain& toolchain : toolchains()) {
    if (toolchain.name == without) continue;
    for (const std::string flags : {"-gdwarf-4", "-gdwarf-5", "-fdebug-types-section"}) {
      INFO(toolchain.name << " " << flags << " " << text);
      CHECK(joined(uses_of(toolchain, text, type, flags, source)) == joined(expected));
    }
  }
}

/// With the compilers that describe all functions that a function calls.
void check_described(const std::string& text, const std::string& type, const Names& expected, const std::string& source = "unit.cc") {
  check_uses(text, type, expected, source, "clang -O0");
}

void check_escapes(const std::string& text, const std::string& type = "S") {
  for (const Toolchain& toolchain : toolchains()) {
    INFO(toolchain.name << " " << text);
    CHECK(contains(uses_of(toolchain, text, type, "", "unit.cc"), "escape"));
  }
}

const std::string kUse = "int sink(int); ";

}  // namespace

TEST_CASE("objects among the local variables of one function are there and nowhere else") {
  check_uses(kUse + "int f(int x) { struct S { int a; long b; }; volatile S s = {x, 2}; s.a = sink(s.a); return s.a + int(s.b); }",
             "_Z1fi()::S", {"local _Z1fi"});
  check_described(kUse + "struct S { int a; long b; }; int f(int x) { volatile S s = {x, 2}; s.a = sink(s.a); return s.a + int(s.b); }", "S",
             {"local _Z1fi"});
  check_described(kUse + "namespace n { struct S { int a[4]; }; } int f(int x) { n::S all[3]; for (int i = 0; i < 3; i++) { all[i].a[x] = sink(i); } return sink(all[x].a[x]); }",
             "n::S", {"local _Z1fi"});
  check_described("int sink(int); struct S { int a; long b; }; int f(int x) { volatile struct S s = {x, 2}; s.a = sink(s.a); return s.a; }",
             "S", {"local f"}, "unit.c");
  check_described("int sink(int); typedef struct { int a; long b; } S; int f(int x) { volatile S s = {x, 2}; s.a = sink(s.a); return s.a; }",
             "S", {"local f"}, "unit.c");
}

TEST_CASE("the object parameter of a type's own methods is no use") {
  check_uses(kUse + "int f(int x) { struct S { int a; void add(int n) { a += sink(n); } }; S s{x}; s.add(3); return sink(s.a); }",
             "_Z1fi()::S", {"local _Z1fi"});
}

TEST_CASE("each function that has such objects is named") {
  check_described(kUse + "struct S { int a; }; int f(int x) { volatile S s = {x}; return sink(s.a); } int g(int x) { volatile S s = {x}; return sink(s.a) + 1; }",
             "S", {"local _Z1fi", "local _Z1gi"});
}

TEST_CASE("a function that was inlined is named with those that it was inlined into") {
  const std::string text = kUse + "static inline __attribute__((always_inline)) int g(int x) { struct S { int a; }; volatile S s = {x}; return sink(s.a); } int f(int x) { return g(x) + g(x + 1); }";
  for (const Toolchain& toolchain : toolchains()) {
    if (toolchain.name.substr(0, 3) != "gcc") continue;  // clang describes the type elsewhere: then no use of it is seen
    INFO(toolchain.name);
    CHECK(joined(uses_of(toolchain, text, "g()::S", "", "unit.cc")) == "local _Z1fi g");
  }
}

TEST_CASE("where calls of other files are not described, only a type that is local to a function is on the stack alone") {
  const std::string text = kUse + "struct S { int a; }; S* get(); int f(int x) { volatile S s = {x}; return sink(s.a + get()->a); }";
  for (const Toolchain& toolchain : toolchains()) {
    INFO(toolchain.name);
    CHECK(contains(uses_of(toolchain, text, "S", "", "unit.cc"), "escape"));
  }
}

TEST_CASE("objects that may outlive a frame, or that other code is handed, escape") {
  const std::string type = kUse + "struct S { int a; long b; }; ";
  check_escapes(type + "S global; int f() { S s{1, 2}; return sink(s.a + global.a); }");
  check_escapes(type + "int f() { static S s; return sink(s.a++); }");
  check_escapes(type + "thread_local S s; int f() { return sink(s.a++); }");
  check_escapes(type + "struct Outer { S s; }; Outer outer; int f() { S s{1, 2}; return sink(s.a + outer.s.a); }");
  check_escapes(type + "struct Outer : S { int more; }; int f() { Outer outer{}; return sink(outer.a); }");
  check_escapes(type + "int f(S* s) { return sink(s->a); }");
  check_escapes(type + "int f(const S& s) { return sink(s.a); }");
  check_escapes(type + "int f(S s) { return sink(s.a); }");
  check_escapes(type + "S f() { return S{sink(1), 2}; }");
  check_escapes(type + "int f() { S* s = new S{sink(1), 2}; return s->a; }");
  check_escapes(type + "int f() { S s{1, 2}; auto g = [&s](int n) { return sink(s.a + n); }; return g(1) + g(2); }");
  check_escapes(type + "template <class T> struct Box { T* t; }; int f(Box<S> box) { return sink(box.t->a); }");
  check_escapes(type + "void take(void (*)(S*)); void one(S* s) { sink(s->a); } void f() { take(one); }");
}

TEST_CASE("a type that nothing shows a use of has none") {
  check_uses(kUse + "int f() { return sink(1); }", "S", {});
}
