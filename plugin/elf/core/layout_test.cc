// What lives keeps its shape: every change of a layout, a variable's type or a signature is seen, and nothing else is.
#include "layout.h"

#include "../../../test/elf/compiled_objects.h"

using namespace hotreload;
using namespace hotreload_test;

namespace {

/// The compilers at both levels, each with both versions of DWARF.
struct Variant {
  const Toolchain& toolchain;
  std::string name, flags;
};

std::vector<Variant> variants() {
  std::vector<Variant> all;
  for (const Toolchain& toolchain : toolchains()) {
    for (const std::string version : {"-gdwarf-4", "-gdwarf-5"}) {
      all.push_back({toolchain, toolchain.name + " " + version, version});
    }
  }
  return all;
}

std::vector<LayoutChange> changes_of(const Variant& variant, const std::string& before, const std::string& after,
                                     const std::string& source, const std::string& more = "") {
  Space space;
  const std::string flags = variant.flags + " " + more;
  const std::string old = space.compile(variant.toolchain, source, before, "before.o", flags);
  const std::string now = space.compile(variant.toolchain, source, after, "after.o", flags);
  auto result = compare_layouts(old, now);
  if (!result) FAIL(result.error().message);
  for (const LayoutChange& change : result.value()) {
    if (change.line != 0) CHECK(change.file == space.path(source));
  }
  return result.value();
}

std::string text_of(const std::vector<LayoutChange>& changes) {
  std::string text;
  for (const LayoutChange& change : changes) text += change.code + " " + change.message + "; ";
  return text;
}

/// Seen with every compiler: one of the changes has this code, and words in its message.
void check_seen(const std::string& before, const std::string& after, const std::string& code, const Names& words,
                const std::string& source = "unit.cc") {
  for (const Variant& variant : variants()) {
    const auto changes = changes_of(variant, before, after, source);
    INFO(variant.name << ": " << text_of(changes));
    bool seen = false;
    for (const LayoutChange& change : changes) {
      bool fits = change.code == code;
      for (const std::string& word : words) fits = fits && change.message.find(word) != std::string::npos;
      seen = seen || fits;
    }
    CHECK(seen);
  }
}

void check_layout(const std::string& before, const std::string& after, const Names& words, const std::string& source = "unit.cc") {
  check_seen(before, after, "E_LAYOUT", words, source);
}

void check_same(const std::string& before, const std::string& after, const std::string& source = "unit.cc") {
  for (const Variant& variant : variants()) {
    const auto changes = changes_of(variant, before, after, source);
    INFO(variant.name << ": " << text_of(changes));
    CHECK(changes.empty());
  }
}

/// The type between, and code that needs it whole.
std::string with_body(const std::string& members) {
  return "struct Body { " + members + " };\nvoid consume(Body*);\nvoid f() { Body* body = new Body; consume(body); }\n";
}

std::string in_class(const std::string& members) {
  return "class Body { public: Body(); " + members + " };\nBody::Body() {}\nvoid consume(Body*);\nvoid f() { consume(new Body); }\n";
}

}  // namespace

TEST_CASE("a member that is added, removed, moved or retyped is seen, with its name and the sizes") {
  check_layout(with_body("int x;"), with_body("int x; double mass;"), {"Body", "member mass was added", "offset 8", "from 4 to 16 bytes"});
  check_layout(with_body("int x; double mass;"), with_body("int x;"), {"Body", "member mass was removed", "from 16 to 4 bytes"});
  check_layout(with_body("int x; int y;"), with_body("int y; int x;"), {"Body", "member y", "member x"});
  check_layout(with_body("int x; int y;"), with_body("int x; float y;"), {"member y changed", "int", "float", "offset 4"});
  check_layout(with_body("int x; void* y;"), with_body("int x; long y;"), {"member y changed"});
  check_layout(with_body("char x; char y;"), with_body("char x; alignas(4) char y;"), {"member y", "offset 1", "offset 4"});
  check_layout(with_body("int x[3];"), with_body("int x[4];"), {"member x", "[3]", "[4]"});
  check_layout(with_body("char x[2][3];"), with_body("char x[3][2];"), {"member x", "[2][3]", "[3][2]"});
}

TEST_CASE("padding alone is seen as another size") {
  check_layout(with_body("int x;"), "struct alignas(32) Body { int x; };\nvoid consume(Body*);\nvoid f() { Body* body = new Body; consume(body); }\n",
               {"Body", "from 4 to 32 bytes"});
}

TEST_CASE("the change names the line where the type is declared now") {
  for (const Variant& variant : variants()) {
    const auto changes = changes_of(variant, with_body("int x;"), "\n\n\n" + with_body("long x;"), "unit.cc");
    REQUIRE(changes.size() == 1);
    CHECK(changes[0].line == 4);
  }
}

TEST_CASE("virtual functions that are added or reordered are seen") {
  check_layout(in_class("int n; void go();"), in_class("int n; virtual void go(); ") + "void Body::go() {}", {"Body"});
  check_layout(in_class("virtual void a(); virtual void c();") + "void Body::a() {} void Body::c() {}",
               in_class("virtual void a(); virtual void b(); virtual void c();") + "void Body::a() {} void Body::b() {} void Body::c() {}",
               {"Body", "virtual function"});
  check_layout(in_class("virtual void a(); virtual void c();") + "void Body::a() {} void Body::c() {}",
               in_class("virtual void c(); virtual void a();") + "void Body::a() {} void Body::c() {}", {"Body", "virtual function"});
}

TEST_CASE("bit-fields that are widened or moved are seen") {
  check_layout(with_body("unsigned a : 3; unsigned b : 5;"), with_body("unsigned a : 4; unsigned b : 5;"), {"member a", "bits"});
  check_layout(with_body("unsigned a : 3; unsigned b : 5;"), with_body("unsigned b : 5; unsigned a : 3;"), {"member"});
  check_layout(with_body("unsigned a : 3; unsigned b : 5;"), with_body("unsigned a : 3; unsigned : 0; unsigned b : 5;"), {"member b"});
}

TEST_CASE("the type below an enum is seen") {
  const std::string use = " void consume(E*); void f() { { auto* made = new E(); consume(made); } }";
  check_layout("enum class E : int { A, B };" + use, "enum class E : long { A, B };" + use, {"E", "from 4 to 8 bytes"});
  check_layout("enum E { A, B };" + use, "enum E { A, B = 0x100000000 };" + use, {"E"});
  check_layout("enum class E : int { A, B }; struct S { E e; }; void consume(S*); void f() { { auto* made = new S(); consume(made); } }",
               "enum class E : char { A, B }; struct S { E e; }; void consume(S*); void f() { { auto* made = new S(); consume(made); } }", {"E"});
}

TEST_CASE("bases that change are seen") {
  const std::string bases = "struct A { int a; }; struct B { int b; }; ";
  const std::string use = " void consume(C*); A* more; B* still; void f() { { auto* made = new C(); consume(made); } more = new A(); still = new B(); }";
  check_layout(bases + "struct C : A { int c; };" + use, bases + "struct C : B { int c; };" + use, {"C", "base"});
  check_layout(bases + "struct C : A { int c; };" + use, bases + "struct C : A, B { int c; };" + use, {"C", "base B"});
  check_layout(bases + "struct C : A, B { int c; };" + use, bases + "struct C : B, A { int c; };" + use, {"C", "base"});
  check_layout(bases + "struct C : A { int c; };" + use, bases + "struct C : virtual A { int c; };" + use, {"C"});
}

TEST_CASE("a type inside a namespace, a class, a function or an instance of a template is seen") {
  check_layout("namespace n { namespace { struct S { int x; }; } } void consume(void*); void f() { { auto* made = new n::S(); consume(made); } }",
               "namespace n { namespace { struct S { long x; }; } } void consume(void*); void f() { { auto* made = new n::S(); consume(made); } }", {"n::", "S", "member x"});
  check_layout("struct Outer { struct Inner { int x; }; Inner* inner; }; void consume(Outer*); void f() { { Outer::Inner* inner = new Outer::Inner(); Outer* made = new Outer{inner}; consume(made); } }",
               "struct Outer { struct Inner { int y, x; }; Inner* inner; }; void consume(Outer*); void f() { { Outer::Inner* inner = new Outer::Inner(); Outer* made = new Outer{inner}; consume(made); } }", {"Outer::Inner"});
  check_layout("void consume(void*); void f() { struct S { int x; }; static S s; consume(&s); }",
               "void consume(void*); void f() { struct S { int x, y; }; static S s; consume(&s); }", {"S", "member y"});
  check_layout("template <class T> struct Box { T x; int n; }; void consume(void*); void f() { { auto* made = new Box<int>(); consume(made); } { auto* made = new Box<long>(); consume(made); } }",
               "template <class T> struct Box { int n; T x; }; void consume(void*); void f() { { auto* made = new Box<int>(); consume(made); } { auto* made = new Box<long>(); consume(made); } }", {"Box<long"});
}

TEST_CASE("a member whose own type changed is seen at that type") {
  const std::string use = " struct Outer { Inner inner; }; void consume(Outer*); void f() { { auto* made = new Outer(); consume(made); } }";
  check_layout("struct Inner { int a; float b; };" + use, "struct Inner { float b; int a; };" + use, {"Inner"});
}

TEST_CASE("members of anonymous unions and structs are seen") {
  check_layout(with_body("int n; union { int x; float y; };"), with_body("int n; union { float y; long x; };"), {"Body"});
  check_layout(with_body("int n; union { int x; float y; };"), with_body("int n; union { int x; int y; };"), {"member y"});
  check_layout(with_body("union { struct { int a, b; }; long both; };"), with_body("union { struct { int b, a; }; long both; };"), {"Body"});
  check_same(with_body("int n; union { int x; float y; };"), with_body("int n; /* so */ union { int x; float y; };"));
}

TEST_CASE("captures of a lambda are no layout: closures that live keep their code; but a variable that is one is seen") {
  const std::string text = "int f(int a, long b) { static auto sum = [a](int x) { return x + a; }; return sum(1); }";
  check_seen(text, "int f(int a, long b) { static auto sum = [a, b](int x) { return int(x + a + b); }; return sum(1); }", "E_VARIABLE", {"sum"}, "unit.cc");
  check_same(text, "int f(int a, long b) { static auto sum = [a](int x) { return x * a; }; return sum(1); }");
  const std::string plain = "void use(int); void f(int a, long b) { auto sum = [a](int x) { return x + a; }; use(sum(1)); }";
  check_same(plain, "void use(int); void f(int a, long b) { auto sum = [a, b](int x) { return int(x + a + b); }; use(sum(1)); }");
}

TEST_CASE("each of several local types of one name is seen") {
  check_layout("void consume(void*); void f() { { struct S { int x; }; static S s; consume(&s); } { struct S { int y; }; { auto* made = new S(); consume(made); } } }",
               "void consume(void*); void f() { { struct S { int x; }; static S s; consume(&s); } { struct S { int y, z; }; { auto* made = new S(); consume(made); } } }", {"S", "member z"});
}

TEST_CASE("an unnamed struct of C is known by its typedef") {
  const std::string use = " P p; long f(void) { return p.x; }";
  check_layout("typedef struct { long x; } P;" + use, "typedef struct { long y, x; } P;" + use, {"P"}, "unit.c");
  check_same("typedef struct { long x; } P;" + use, "enum { MAX = 3 }; typedef struct { int u, v; } Q; Q q; typedef struct { long x; } P;" + use + " int g(void) { return q.u + MAX; }", "unit.c");
  check_layout("typedef struct { int u, v; } Q; Q q; typedef struct { long x; } P;" + use,
               "typedef struct { long y, x; } P; typedef struct { int u, v; } Q; Q q;" + use, {"P"}, "unit.c");
}

TEST_CASE("what leaves objects as they are is no change") {
  const std::string before = with_body("int x; private: double mass; public: int* list[2];");
  check_same(before, before);
  check_same(before, "// a comment\n\n\n" + with_body("int x; /* so */ private: double mass;\n public: int* list[2];"));
  check_same(before, with_body("int x; static int count; private: double mass; static const int limit = 3; public: int* list[2];"));
  check_same(before, with_body("int x; void method() { x++; } static void other(); private: double mass; public: int* list[2];"));
  check_same(before, with_body("int x = 3; private: double mass = 1.5; public: int* list[2] = {};"));
  check_same(before, with_body("int x; public: double mass; private: int* list[2];"));
  check_same(before, with_body("using Value = double; typedef int Number; int x; private: double mass; public: int* list[2]; enum { kMany };"));
}

TEST_CASE("another name for the same type is no change") {
  check_same("typedef int Number; " + with_body("Number x;"), "typedef int Count; " + with_body("Count x;"));
  check_same("typedef int Number; " + with_body("Number x;"), with_body("int x;"));
  check_same(with_body("int x;"), with_body("const volatile int x = 0;"));
  check_same("typedef int Number; Number n; int f() { return n; }", "using Count = int; Count n; int f() { return n; }");
}

TEST_CASE("methods, friends and values of an enum that are added are no change") {
  check_same("enum class E { A, B }; struct S { E e; int get(); }; int S::get() { return 1; } void consume(S*); void f() { { auto* made = new S(); consume(made); } }",
             "enum class E { A, B, C }; struct S { E e; int get(); int more(); friend void f(); explicit operator bool(); }; int S::get() { return 1; } void consume(S*); void f() { { auto* made = new S(); consume(made); } }");
}

TEST_CASE("types that come, go or are not whole are no change") {
  check_same("struct S { int x; }; S s; int f() { return s.x; }", "struct S { int x; }; struct T { long y; }; S s; int f() { T t{4}; return int(s.x + t.y); }");
  check_same("struct S; S* s; int f() { return s ? 1 : 0; }", "struct S { int x; }; S* s; int f() { return s ? s->x : 0; }");
}

TEST_CASE("a variable of another type of the same size is seen") {
  for (const auto& [from, to] : {std::pair{"int", "float"}, std::pair{"long", "double"}, std::pair{"char*", "long"}}) {
    for (const std::string linkage : {"", "static ", "thread_local ", "static thread_local "}) {
      CAPTURE(linkage);
      const std::string body = " n = 0; int f() { n += 1; return n != 0; }";
      check_seen(linkage + std::string(from) + body, linkage + std::string(to) + body, "E_VARIABLE", {"n", from, to});
    }
  }
  check_seen("int f() { static int calls = 0; return ++calls; }", "int f() { static float calls = 0; return ++calls; }", "E_VARIABLE", {"calls"});
  check_seen("struct S { static int count; }; int S::count = 1; int f() { return ++S::count; }",
             "struct S { static float count; }; float S::count = 1; int f() { return ++S::count; }", "E_VARIABLE", {"count"});
  check_seen("struct A { int a; }; struct B { float a; }; A n; int f() { return n.a; }", "struct A { int a; }; struct B { float a; }; B n; int f() { return n.a; }", "E_VARIABLE", {"n"});
}

TEST_CASE("a variable of another integer type of the same size is the same") {
  check_same("int n; int f() { return ++n; }", "unsigned n; int f() { return ++n; }");
}

TEST_CASE("a signature that C or a return type can change without changing the symbol is seen") {
  check_seen("int f(int a) { return a; }", "int f(int a, int b) { return a + b; }", "E_FUNCTION", {"f"}, "unit.c");
  check_seen("int f(int a) { return a; }", "int f(double a) { return a; }", "E_FUNCTION", {"f"}, "unit.c");
  check_seen("int f() { return 1; }", "double f() { return 1.5; }", "E_FUNCTION", {"f"});
  check_same("int f(int a) { return a; }", "int f(int renamed) { return renamed + 1; }", "unit.c");
  check_same("int f(const char* a) { return *a; }", "int f(char* a) { return *a; }", "unit.c");
}

TEST_CASE("types of the system are not described, since nobody edits them") {
  Space space;
  space.write("system/vendor.h", "struct Vendor { int x; };\n");
  const std::string use = "#include <string>\n#include <vector>\nstd::vector<std::string> list; int f() { return int(list.size()); }";
  check_same(use, use + "\nstd::string more; std::string g() { return more; }");
}

TEST_CASE("an object whose types cannot be seen is a change itself") {
  for (const std::string flags : {"-g0", "-g1"}) {
    for (const Variant& variant : variants()) {
      INFO(variant.name << " " << flags);
      const auto changes = changes_of(variant, with_body("int x;"), with_body("int y, x;"), "unit.cc", flags);
      REQUIRE(changes.size() == 1);
      CHECK(changes[0].code == "E_LAYOUT");
      CHECK(changes[0].file == "");
    }
  }
  for (const Variant& variant : variants()) {
    if (variant.name.substr(0, 5) != "clang") continue;
    INFO(variant.name);
    const auto changes = changes_of(variant, with_body("int x;"), with_body("int y, x;"), "unit.cc", "-gline-tables-only");
    REQUIRE(changes.size() == 1);
    CHECK(changes[0].message.find("-gline-tables-only") != std::string::npos);
  }
}

TEST_CASE("a file without a type or a variable of its own is no file without debug information") {
  for (const Variant& variant : variants()) {
    INFO(variant.name);
    CHECK(changes_of(variant, "void f() {}", "void f() { f(); }", "unit.cc").empty());
    CHECK(changes_of(variant, "int n;", "int n = 3;", "unit.c").empty());
    // Of a file that declares nothing there is nothing to see: no place is named, and only changed code would mind.
    for (const LayoutChange& change : changes_of(variant, "", "", "unit.c")) CHECK(change.file.empty());
  }
}

TEST_CASE("a type inside a function that is only inlined is compared") {
  const std::string before = "int sink(int*); static inline __attribute__((always_inline)) int g(int x) { struct S { int a; }; static S s; return sink(&s.a) + x; } int f(int x) { return g(x); }";
  std::string after = before;
  after.replace(after.find("int a;"), 6, "int b, a;");
  check_layout(before, after, {"S", "member b"});
}

TEST_CASE("types in units of their own, and those of a .dwo file, are compared") {
  const std::string before = "namespace n { struct Inner { int x; }; struct Body { Inner inner; virtual ~Body(); int size(); }; Body::~Body() {} }\n"
                             "struct Outer { struct Nested; Nested* nested; }; struct Outer::Nested { int a; };\n"
                             "int n::Body::size() { return inner.x; } Outer::Nested* make() { return new Outer::Nested(); }";
  for (const Variant& variant : variants()) {
    for (const std::string flags : {"-fdebug-types-section", "-gsplit-dwarf", "-gsplit-dwarf -fdebug-types-section", ""}) {
      INFO(variant.name << " " << flags);
      CHECK(changes_of(variant, before, before, "unit.cc", flags).empty());
      std::string after = before;
      after.replace(after.find("int a;"), 6, "int a, b;");
      auto changes = changes_of(variant, before, after, "unit.cc", flags);
      REQUIRE(changes.size() == 1);
      CHECK(changes[0].message.find("Outer::Nested changed: member b was added") != std::string::npos);
      CHECK(changes[0].line == 2);
      after = before;
      after.replace(after.find("Inner inner;"), 12, "int more; Inner inner;");
      changes = changes_of(variant, before, after, "unit.cc", flags);
      INFO(text_of(changes));
      REQUIRE(changes.size() == 1);
      CHECK(changes[0].message.find("n::Body changed: member more was added (") != std::string::npos);
      CHECK(changes[0].line == 1);
    }
  }
}

TEST_CASE("a .dwo file of another version, or one that is gone, makes the types unknown") {
  for (const Variant& variant : variants()) {
    INFO(variant.name);
    Space space;
    const std::string more = variant.flags + " -gsplit-dwarf";
    const std::string old = space.compile(variant.toolchain, "unit.cc", with_body("int x;"), "before.o", more);
    const std::string now = space.compile(variant.toolchain, "unit.cc", with_body("int y, x;"), "after.o", more);
    // clang 14 numbers both versions alike.
    if (variant.name.substr(0, 3) == "gcc") {
      std::filesystem::copy_file(space.path("after.dwo"), space.path("before.dwo"), std::filesystem::copy_options::overwrite_existing);
      auto result = compare_layouts(old, now);
      REQUIRE(result);
      CHECK(text_of(result.value()).find("cannot be told") != std::string::npos);
    }
    std::filesystem::remove(space.path("before.dwo"));
    auto result = compare_layouts(old, now);
    REQUIRE(result);
    CHECK(text_of(result.value()).find("before.dwo is not there") != std::string::npos);
  }
}

TEST_CASE("compressed debug information and mapped paths are read all the same") {
  for (const Variant& variant : variants()) {
    for (const std::string flags : {"-gz", "-ffile-prefix-map=$PWD=/elsewhere"}) {
      INFO(variant.name << " " << flags);
      Space space;
      const std::string more = variant.flags + " " + flags;
      const std::string old = space.compile(variant.toolchain, "unit.cc", with_body("int x;"), "before.o", more);
      const std::string now = space.compile(variant.toolchain, "unit.cc", with_body("int y, x;"), "after.o", more);
      auto result = compare_layouts(old, now);
      REQUIRE(result);
      REQUIRE(result.value().size() == 1);
      CHECK(result.value()[0].message.find("Body") != std::string::npos);
    }
  }
}
