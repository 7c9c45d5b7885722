// Every change is found, at the function that it is about and at no other, and what cannot be followed is refused.
#include "diff.h"

#include "../../../test/elf/compiled_objects.h"
#include "names.h"

using namespace hotreload;
using namespace hotreload_test;

namespace {

bool is_gcc(const Toolchain& toolchain) { return toolchain.name.substr(0, 3) == "gcc"; }
/// With every compiler just these functions changed, nothing is new, and nothing is refused.
void check_changed(const Pair& pair, const Names& functions) {
  for_each_toolchain(pair, [&](const Diff& diff, const Toolchain&) {
    CHECK(sorted(diff.changed_functions) == sorted(functions));
    CHECK(diff.new_functions.empty());
    CHECK(diff.new_variables.empty());
    CHECK(diff.changed_initializers.empty());
    CHECK(diff.refusals.empty());
  });
}

void check_nothing(const Pair& pair) {
  for_each_toolchain(pair, [](const Diff& diff, const Toolchain&) { CHECK(diff.empty()); });
}

void check_refused(const Pair& pair, const std::string& code, const std::string& symbol) {
  for_each_toolchain(pair, [&](const Diff& diff, const Toolchain&) {
    CHECK(codes(diff) == Names{code});
    if (!diff.refusals.empty()) CHECK(diff.refusals[0].symbol == symbol);
  });
}

/// One of everything that a compiler lays out differently from one compilation to the next.
const std::string everything = R"(
  extern "C" int printf(const char*, ...);
  void consume(const void*);
  struct Error { int code; };
  struct Other { int code; };
  struct Base { virtual ~Base(); virtual int run(int) = 0; int n = 0; };
  struct Derived : Base { int run(int x) override { return x + n; } double d[4] = {1.5, 2.5, 3.5, 4.5}; };
  Base::~Base() { consume(this); }
  int global_count = 100;
  static int counter = 7;
  thread_local int of_thread = 5;
  static thread_local int of_thread_and_file = 6;
  static const int primes[] = {2, 3, 5, 7, 11, 13};
  static const char* const names[] = {"zero", "one", "two", "three"};
  static int helper(int x) { return x * 3 + ++counter; }
  namespace { struct Hidden { int go(int x) { return x + counter; } }; }
  template <typename T> T twice(T value) { static T last{}; last = value; return value + last; }
  inline int shared(int x) { static int calls = 0; return x + ++calls; }
  int choose(int x) {
    switch (x) {
      case 0: return helper(1);
      case 1: consume("first"); return 10;
      case 2: consume("second"); return global_count;
      case 3: return shared(4);
      case 4: consume(&of_thread); return 7;
      case 5: return 9 + of_thread_and_file++;
      case 6: consume(names[2]); return twice(3);
      default: return -1;
    }
  }
  const char* spell(int x) {
    switch (x) { case 0: return "nil"; case 1: return "uno"; case 2: return "due"; case 3: return "tre"; case 4: return "sei"; }
    return "molti";
  }
  int risky(int x) {
    try { consume(&x); if (x < 0) throw Error{x}; return primes[x]; }
    catch (const Error& e) { return e.code; }
  }
  double scale(double v) { return v * 3.25 + 1e-9; }
  using F = int (*)(int);
  F pick(int x) { if (x) return [](int y) { return y + 1; }; return [](int y) { return y + 2; }; }
  int use(Base* base) { Derived d; Hidden h; return base->run(10) + d.run(1) + h.go(2) + int(twice(2.5)); }
  Base* create() { return new Derived; }
  int interpret(const unsigned char* code) {
    static const void* const labels[] = {&&stop, &&more, &&less};
    int value = 0;
    goto *labels[*code];
    more: value++; goto *labels[*++code];
    less: value--; goto *labels[*++code];
    stop: return value;
  }
  struct Registered { Registered(); int x; } registered;
)";

}  // namespace

TEST_CASE("an object compared with itself gives nothing") {
  for (const Toolchain& toolchain : toolchains()) {
    Space space;
    const auto object = entities(space.compile(toolchain, "unit.cc", everything, "unit.o"));
    const Diff diff = diff_entities(object, object);
    INFO(toolchain.name << ": " << text_of(diff));
    CHECK(diff.empty());
  }
}

TEST_CASE("an object compiled again without debug information gives nothing") {
  for (const Toolchain& toolchain : toolchains()) {
    Space space;
    const auto before = entities(space.compile(toolchain, "unit.cc", everything, "before.o"));
    const auto after = entities(space.compile(toolchain, "unit.cc", everything, "after.o", "-g0"));
    const Diff diff = diff_entities(before, after);
    INFO(toolchain.name << ": " << text_of(diff));
    CHECK(diff.empty());
  }
}

TEST_CASE("comments and white space give nothing") {
  std::string spaced = "/* a comment\n of two lines */\n\n" + everything + "\n// the end\n";
  for (size_t at = 0; (at = spaced.find("; ", at)) != std::string::npos; at += 20) spaced.replace(at, 2, ";\n\n // so\n ");
  check_nothing({everything, spaced});
}

TEST_CASE("a function inserted in front renumbers nothing") {
  const std::string inserted = R"(
    extern "C" int puts(const char*);
    int inserted(int x) {
      static int calls = 3;
      switch (x) { case 0: puts("a"); break; case 1: puts("b"); break; case 2: puts("c"); break; case 3: puts("d"); break;
                   case 4: puts("e"); break; }
      return int(x * 1.75) + ++calls;
    }
  )";
  for_each_toolchain({everything, inserted + everything}, [](const Diff& diff, const Toolchain&) {
    CHECK(diff.changed_functions.empty());
    CHECK(diff.new_functions == Names{"_Z8insertedi"});
    CHECK(diff.new_variables == Names{"_ZZ8insertediE5calls"});
    CHECK(diff.changed_initializers.empty());
    CHECK(diff.refusals.empty());
  });
}

TEST_CASE("a changed number is found in its function alone") {
  check_changed({"int f(int x) { return x + 1; } int g(int x) { return x + 1; }",
                 "int f(int x) { return x + 2; } int g(int x) { return x + 1; }"}, {"_Z1fi"});
  check_changed({everything, edit(everything, "v * 3.25", "v * 3.75")}, {"_Z5scaled"});
  check_changed({"float f(float x) { return x * 1.5f; } float g(float x) { return x * 1.5f; }",
                 "float f(float x) { return x * 1.5f; } float g(float x) { return x * 2.5f; }"}, {"_Z1gf"});
  check_changed({"long double f(long double x) { return x * 1.1L; } double g(double x) { return x * 1.1; }",
                 "long double f(long double x) { return x * 1.2L; } double g(double x) { return x * 1.1; }"}, {"_Z1fe"});
}

TEST_CASE("a changed element of a vector constant is found, whichever it is") {
  const std::string text = R"(
    typedef double Two __attribute__((vector_size(16)));
    typedef int Four __attribute__((vector_size(16)));
    extern Two two; extern Four four; extern double one;
    void f() { two += (Two){1.0, 2.0}; one += 2.0; }
    void g() { four += (Four){1, 2, 3, 4}; }
    void h() { two *= (Two){1.0, 2.0}; }
  )";
  check_changed({text, edit(text, "two += (Two){1.0, 2.0}", "two += (Two){1.0, 3.0}")}, {"_Z1fv"});
  check_changed({text, edit(text, "{1, 2, 3, 4}", "{1, 2, 3, 5}")}, {"_Z1gv"});
  check_changed({text, edit(text, "two *= (Two){1.0, 2.0}", "two *= (Two){9.0, 2.0}")}, {"_Z1hv"});
}

TEST_CASE("a number that is taken out of the vector of another function is found in both") {
  const std::string text = R"(
    typedef double Two __attribute__((vector_size(16))); typedef int Four __attribute__((vector_size(16)));
    extern Two two; extern Four four; extern double one;
    void f() { two += (Two){1.0, VALUE}; }
    void g() { one += VALUE; }
    void h() { four += (Four){1, 2, 3, 4}; }
  )";
  check_changed({"#define VALUE 2.0\n" + text, "#define VALUE 3.0\n" + text}, {"_Z1fv", "_Z1gv"});
  check_changed({"#define VALUE 2.0\n" + text, "#define VALUE 2.0\n" + edit(text, "{1, 2, 3, 4}", "{1, 2, 3, 5}")}, {"_Z1hv"});
}

TEST_CASE("a changed string literal is found in its function alone") {
  check_changed({everything, edit(everything, "\"first\"", "\"fi-st\"")}, {"_Z6choosei"});
  // The end of one literal may be the other.
  const std::string tails = "const char* f() { return \"undo\"; } const char* g() { return \"do\"; } const char* h() { return \"undo\"; }";
  check_changed({tails, edit(tails, "\"do\"", "\"dx\"")}, {"_Z1gv"});
  check_changed({"const wchar_t* f() { return L\"ab\"; } const wchar_t* g() { return L\"b\"; }",
                 "const wchar_t* f() { return L\"ab\"; } const wchar_t* g() { return L\"c\"; }"}, {"_Z1gv"});
  check_changed({"const char* f() { return \"a\\0b\"; }", "const char* f() { return \"a\\0c\"; }"}, {"_Z1fv"});
}

TEST_CASE("a literal that is copied by instructions is found") {
  check_changed({"void take(char*); void f() { char text[] = \"a text of some length, for sure more than 32\"; take(text); }",
                 "void take(char*); void f() { char text[] = \"a text of some length, for sure more than 33\"; take(text); }"},
                {"_Z1fv"});
  check_changed({"struct S { int a[12]; }; void take(S*); void f() { S s = {{1,2,3,4,5,6,7,8,9,10,11,12}}; take(&s); } void g() { S s = {{1,2,3}}; take(&s); }",
                 "struct S { int a[12]; }; void take(S*); void f() { S s = {{1,2,3,4,5,6,7,8,9,10,11,13}}; take(&s); } void g() { S s = {{1,2,3}}; take(&s); }"},
                {"_Z1fv"});
}

TEST_CASE("cases of a jump table that change places are found in their function alone") {
  const std::string cases = R"(
    void a(); void b(); void c(); void d(); void e(); void other();
    int f(int x) { switch (x) { case 0: a(); return 3; case 1: b(); return 1; case 2: c(); return 4; case 3: d(); return 1; case 4: e(); return 5; } return 9; }
    int g(int x) { switch (x) { case 0: a(); return 2; case 1: b(); return 7; case 2: c(); return 1; case 3: d(); return 8; case 4: e(); return 2; } return 8; }
  )";
  check_changed({cases, edit(edit(cases, "case 1: b(); return 1; case 2: c(); return 4", "case 2: b(); return 1; case 1: c(); return 4"),
                             "void other()", "void another()")}, {"_Z1fi"});
  check_changed({everything, edit(everything, "case 3: return \"tre\"; case 4: return \"sei\"", "case 4: return \"tre\"; case 3: return \"sei\"")},
                {"_Z5spelli"});
}

TEST_CASE("a table that the compiler makes of a switch is found in its function alone") {
  const std::string cases = R"(
    int f(int x) { switch (x) { case 0: return 31; case 1: return 4; case 2: return 15; case 3: return 92; case 4: return 65; case 5: return 35; } return 0; }
    int g(int x) { switch (x) { case 0: return 27; case 1: return 18; case 2: return 28; case 3: return 18; case 4: return 28; case 5: return 45; } return 0; }
  )";
  check_changed({cases, edit(cases, "return 92", "return 93")}, {"_Z1fi"});
  check_changed({cases, edit(cases, "return 45", "return 46")}, {"_Z1gi"});
}

TEST_CASE("another type in a catch clause is found, although the code is the same") {
  check_changed({everything, edit(everything, "catch (const Error& e)", "catch (const Other& e)")}, {"_Z5riskyi"});
  const std::string two = R"(
    struct A { int n; }; struct B { int n; }; void a(); void b();
    int f() { try { a(); } catch (A& x) { b(); return x.n; } return 1; }
    int g() { try { b(); } catch (A& x) { a(); return x.n; } return 2; }
    void keep() { throw A(); } void keep_b() { throw B(); }
  )";
  check_changed({two, edit(two, "{ a(); } catch (A& x)", "{ a(); } catch (B& x)")}, {"_Z1fv"});
  check_changed({two, edit(two, "{ b(); } catch (A& x)", "{ b(); } catch (B& x)")}, {"_Z1gv"});
}

TEST_CASE("a region of a try block that moves is found") {
  const std::string text = R"(
    void a(); void b(); int c();
    int f() { try { a(); b(); } catch (...) { return c(); } return 1; }
  )";
  for_each_toolchain({text, edit(text, "try { a(); b(); }", "a(); try { b(); }")}, [](const Diff& diff, const Toolchain&) {
    CHECK(diff.changed_functions == Names{"_Z1fv"});
  });
}

TEST_CASE("a change in a specialised copy is found in its user") {
  const std::string text = R"(
    void consume(int);
    __attribute__((noinline)) static int helper(int a, int scale) { for (int i = 0; i < a; i++) consume(i * scale); return a * scale + 4; }
    int f(int x) { return helper(x, 3) + 1; }
    int g(int x) { return x * 3; }
  )";
  bool cloned = false;
  for (const Toolchain& toolchain : toolchains()) {
    Space space;
    const auto before = entities(space.compile(toolchain, "unit.cc", text, "before.o", "-fno-inline"));
    const auto after = entities(space.compile(toolchain, "unit.cc", edit(text, "scale + 4", "scale + 5"), "after.o", "-fno-inline"));
    for (const Entity& entity : before->all()) cloned = cloned || is_clone(entity.name);
    const Diff diff = diff_entities(before, after);
    INFO(toolchain.name << ": " << text_of(diff));
    const Names& changed = diff.changed_functions;
    const bool user_or_itself = changed == Names{"_ZL6helperii"} || changed == Names{"_Z1fi"};
    CHECK(user_or_itself);
    CHECK(diff.refusals.empty());
    CHECK(diff.new_functions.empty());
  }
  CHECK_MESSAGE(cloned, "no compiler made a copy: the test has lost its point");
}

TEST_CASE("a change in the cold part of a function is found in the function") {
  const std::string text = R"(
    [[gnu::cold]] void warn(int); [[gnu::cold, noreturn]] void die(const char*);
    int f(int x) { if (x < 0) { warn(1); warn(x * 7); die("f"); } return x + 1; }
    int g(int x) { if (x < 0) { warn(3); warn(x * 9); die("g"); } return x + 2; }
  )";
  bool split = false;
  for (const Toolchain& toolchain : toolchains()) {
    Space space;
    const auto before = entities(space.compile(toolchain, "unit.cc", text, "before.o"));
    const auto number = entities(space.compile(toolchain, "unit.cc", edit(text, "x * 7", "x * 8"), "number.o"));
    const auto literal = entities(space.compile(toolchain, "unit.cc", edit(text, "\"g\"", "\"h\""), "literal.o"));
    for (const Entity& entity : before->all()) split = split || entity.name.find(".cold") != std::string::npos;
    INFO(toolchain.name);
    CHECK(diff_entities(before, number).changed_functions == Names{"_Z1fi"});
    CHECK(diff_entities(before, literal).changed_functions == Names{"_Z1gi"});
    CHECK(diff_entities(before, before).empty());
  }
  CHECK_MESSAGE(split, "no compiler split a function: the test has lost its point");
}

TEST_CASE("a change in a part that was split off is found in the users of the function") {
  const std::string text = R"(
    void consume(int, int);
    struct Node { int n; Node* next; };
    static int work(Node* node) {
      if (!node) return 0;
      for (Node* at = node; at; at = at->next) { consume(at->n, 1); consume(at->n * 2, 2); consume(at->n * 3, 3); consume(at->n * 4, 4); }
      return node->n + 40;
    }
    int f(Node* a, Node* b) { return work(a) + work(b); }
    int g(Node* a) { return work(a) - 1; }
    int h(Node* a) { return a->n; }
  )";
  for_each_toolchain({text, edit(text, "n + 40", "n + 41")}, [](const Diff& diff, const Toolchain&) {
    CHECK_FALSE(diff.changed_functions.empty());
    CHECK_FALSE(contains(diff.changed_functions, "_Z1hP4Node"));
    CHECK(diff.new_functions.empty());
    CHECK(diff.refusals.empty());
  });
}

TEST_CASE("static functions, functions in anonymous namespaces, members and instances are found by their names") {
  const std::string text = R"(
    void trace(int);
    struct S { S(int); ~S(); int get() const; static int make(); operator bool() const; int n; };
    S::S(int x) : n(x) {} S::~S() { trace(0); } int S::get() const { return n; } int S::make() { return 5; } S::operator bool() const { return n > 1; }
    __attribute__((noinline)) static int local(int x) { return x + 11; }
    namespace { __attribute__((noinline)) int hidden(int x) { return x + 22; } }
    template <typename T> __attribute__((noinline)) T instance(T x) { return x + 33; }
    int use(int x) { return local(x) + hidden(x) + instance(x); }
    int other(int x) { return x; }
  )";
  check_changed({text, edit(text, " n(x)", " n(x + 1)")}, {"_ZN1SC2Ei", "_ZN1SC1Ei"});
  check_changed({text, edit(text, "{ trace(0); }", "{ trace(9); }")}, {"_ZN1SD2Ev", "_ZN1SD1Ev"});
  check_changed({text, edit(text, "{ return n; }", "{ return -n; }")}, {"_ZNK1S3getEv"});
  check_changed({text, edit(text, "return 5", "return 6")}, {"_ZN1S4makeEv"});
  check_changed({text, edit(text, "n > 1", "n > 2")}, {"_ZNK1ScvbEv"});
  for (const auto& [from, to, name] : {std::tuple{"x + 11", "x + 12", "_ZL5locali"},
                                       std::tuple{"x + 22", "x + 23", "_ZN12_GLOBAL__N_16hiddenEi"},
                                       std::tuple{"x + 33", "x + 34", "_Z8instanceIiET_S0_"}}) {
    const std::string wanted = name;
    for_each_toolchain({text, edit(text, from, to)}, [&](const Diff& diff, const Toolchain&) {
      const bool copied = diff.changed_functions == Names{"_Z3usei"};  // made for its one caller
      const bool found = diff.changed_functions == Names{wanted} || copied;
      CHECK(found);
    });
  }
}

TEST_CASE("the target of a call, of a load and of an address counts") {
  const std::string text = "int a(int); int b(int); extern int m, n; int f(int x) { return a(x); } int g() { return m; } int* h() { return &m; } int (*p())(int) { return a; }";
  check_changed({text, edit(text, "return a(x)", "return b(x)")}, {"_Z1fi"});
  check_changed({text, edit(text, "return m;", "return n;")}, {"_Z1gv"});
  check_changed({text, edit(text, "return &m", "return &n")}, {"_Z1hv"});
  check_changed({text, edit(text, "return a; }", "return b; }")}, {"_Z1pv"});
}

TEST_CASE("the member of a variable that is accessed counts") {
  const std::string text = "static int pair[4]; void set(int* p) { for (int i = 0; i < 4; i++) pair[i] = p[i]; } int f() { return pair[1]; } bool g() { return pair[2] == 7; }";
  check_changed({text, edit(text, "return pair[1]", "return pair[3]")}, {"_Z1fv"});
  check_changed({text, edit(text, "pair[2] == 7", "pair[1] == 7")}, {"_Z1gv"});
}

TEST_CASE("a constant table of the file marks the functions that use it, directly or through another table") {
  const std::string text = R"(
    static const int table[] = {1, 2, 3, 4}; static const int untouched[] = {5, 6, 7, 8};
    static const int* const tables[] = {table, untouched};
    int f(int x) { return table[x]; } int g(int x) { return untouched[x]; } int h(int x, int y) { return tables[x][y]; }
    int other(int x) { return x + 1; }
  )";
  check_changed({text, edit(text, "{1, 2, 3, 4}", "{1, 2, 3, 9}")}, {"_Z1fi", "_Z1hii"});
  check_changed({text, edit(text, "{5, 6, 7, 8}", "{5, 6, 7, 9}")}, {"_Z1gi", "_Z1hii"});
}

TEST_CASE("a constant of a header marks the functions that use it") {
  const std::string text = "inline constexpr int table[] = {1, 2, 3, 4}; template <int N> struct T { static const int row[3]; }; template <int N> const int T<N>::row[3] = {N, 1, 2}; int f(int x) { return table[x]; } int g(int x) { return T<5>::row[x]; }";
  check_changed({text, edit(text, "{1, 2, 3, 4}", "{1, 2, 3, 9}")}, {"_Z1fi"});
  check_changed({text, edit(text, "{N, 1, 2}", "{N, 1, 3}")}, {"_Z1gi"});
}

TEST_CASE("an entry of a constant table of functions marks the users of the table") {
  const std::string text = R"(
    int a(); int b(); struct Operations { int (*run)(); int (*stop)(); };
    static const Operations operations = {a, b};
    const Operations* f() { return &operations; } int g(bool x) { return x; }
  )";
  check_changed({text, edit(text, "{a, b}", "{b, b}")}, {"_Z1fv"});
}

TEST_CASE("a constant with other contents is one to be written, and one of another size is refused") {
  for (const std::string kind : {"extern const int table[]; ", "static ", "inline "}) {
    const std::string text = kind + "const int table[] = {1, 2, 3, 4}; int f(int x) { return table[x]; } int g(int x) { return x; }";
    for_each_toolchain({text, edit(text, "{1, 2, 3, 4}", "{1, 2, 3, 5}")}, [&](const Diff& diff, const Toolchain&) {
      CHECK(diff.changed_constants == Names{kind == "extern const int table[]; " || kind == "inline " ? "table" : "_ZL5table"});
      CHECK(diff.changed_initializers.empty());
      CHECK(diff.refusals.empty());
    });
    for_each_toolchain({text, edit(text, "{1, 2, 3, 4}", "{1, 2, 3, 4, 5}")}, [&](const Diff& diff, const Toolchain&) {
      CHECK(codes(diff) == Names{"E_CONSTANT"});
    });
  }
}

TEST_CASE("labels of a computed goto change with their function and leave no note") {
  const std::string more = edit(everything, "more: value++;", "more: value++; value *= 3;");
  check_changed({everything, more}, {"_Z9interpretPKh"});
}

TEST_CASE("a new function, a new variable and a new static are named") {
  const std::string text = "int f(int x) { return x; }";
  const std::string more = "int fresh = 4; static int local = 5; thread_local int of_thread = 6; int added(int x) { static int calls = 1; return x + calls++ + local++ + of_thread++; } " + text;
  for_each_toolchain({text, more}, [](const Diff& diff, const Toolchain&) {
    CHECK(diff.changed_functions.empty());
    CHECK(diff.new_functions == Names{"_Z5addedi"});
    // Of a thread-local there may be an initializer's symbol beside it.
    for (const std::string name : {"fresh", "_ZL5local", "of_thread", "_ZZ5addediE5calls"}) CHECK(contains(diff.new_variables, name));
    CHECK(diff.new_variables.size() == 4);
    CHECK(diff.refusals.empty());
  });
}

TEST_CASE("a static that is inserted in C does not take the place of another") {
  const std::string before = R"(
    int f(int x) { static int n = 5; static int total = 1; total += n++; return total + x; }
    int g(int x) { static int last = 6; last += x; return last; }
  )";
  const std::string after = edit(before, "int g(int x) {", "int h(int x) { static int fresh = 2; return fresh += x; } int g(int x) {");
  for_each_toolchain({before, after, "unit.c"}, [](const Diff& diff, const Toolchain&) {
    CHECK(diff.changed_functions.empty());
    CHECK(diff.new_functions == Names{"h"});
    CHECK(diff.new_variables.size() == 1);
    CHECK(diff.changed_initializers.empty());
    CHECK(diff.refusals.empty());
  });
  for_each_toolchain({before, edit(before, "{ static int n = 5;", "{ static int first = 3; first += x; x = first; static int n = 5;"), "unit.c"},
                     [](const Diff& diff, const Toolchain&) {
                       CHECK(diff.changed_functions == Names{"f"});
                       CHECK(diff.new_variables.size() == 1);
                       CHECK(diff.changed_initializers.empty());
                       CHECK(diff.refusals.empty());
                     });
}

TEST_CASE("statics of one name in several functions of C stay what they are") {
  const std::string before = R"(
    int f(int x) { static int n = 5; n += x; return n; }
    int g(int x) { static int n = 6; n -= x; return n; }
    int h(int x) { return x; }
  )";
  check_changed({before, edit(before, "n += x", "n += x + 1"), "unit.c"}, {"f"});
  check_changed({before, edit(before, "h(int x) { return x", "h(int x) { return x + 1"), "unit.c"}, {"h"});
  // The order of the functions, and with it gcc's numbers, is another one.
  check_nothing({before, edit(edit(before, "int h(int x) { return x; }", ""), "int f(", "int h(int x) { return x; }\n int f("), "unit.c"});
  check_nothing({before,
                 "int g(int x) { static int n = 6; n -= x; return n; } int h(int x) { return x; } int f(int x) { static int n = 5; n += x; return n; }",
                 "unit.c"});
}

TEST_CASE("a static of C that moves to another function is another variable") {
  const Pair pair{"int f(void) { static int n = 5; return ++n; } int g(void) { return 1; }",
                  "int f(void) { return 1; } int g(void) { static int n = 100; return ++n; }", "unit.c"};
  for_each_toolchain(pair, [](const Diff& diff, const Toolchain&) {
    CHECK(sorted(diff.changed_functions) == Names{"f", "g"});
    const bool seen = diff.new_variables == Names{"g.n"} || codes(diff) == Names{"E_VARIABLE"};
    CHECK(seen);
  });
}

TEST_CASE("statics of one name in one function are refused when one is inserted before another") {
  for (const std::string source : {"unit.c", "unit.cc"}) {
    CAPTURE(source);
    for_each_toolchain({"int f(int i) { { static int n = 1; i += n++; } return i; }",
                        "int f(int i) { { static int n = 50; i += n++; } { static int n = 1; i += n++; } return i; }", source},
                       [](const Diff& diff, const Toolchain&) { CHECK(codes(diff) == Names{"E_VARIABLE"}); });
  }
}

TEST_CASE("statics of one name in one function are refused when they change places") {
  for (const std::string source : {"unit.c", "unit.cc"}) {
    CAPTURE(source);
    for_each_toolchain({"int f(int i) { { static int n = 1; i += n++; } { static int n = 50; i *= n--; } return i; }",
                        "int f(int i) { { static int n = 50; i *= n--; } { static int n = 1; i += n++; } return i; }", source},
                       [](const Diff& diff, const Toolchain&) { CHECK(codes(diff) == Names{"E_VARIABLE"}); });
  }
}

TEST_CASE("a variable whose size changed is refused") {
  check_refused({"int table[4]; int f(int x) { return table[x]; }", "int table[5]; int f(int x) { return table[x]; }"}, "E_VARIABLE", "table");
  check_refused({"static long n = 1; long f() { return ++n; }", "static char n = 1; long f() { return ++n; }"}, "E_VARIABLE", "_ZL1n");
  check_refused({"thread_local int n = 1; long f() { return ++n; }", "thread_local long n = 1; long f() { return ++n; }"}, "E_VARIABLE", "n");
  check_refused({"struct S { int a; }; struct T { T(); long b[2]; }; S& f() { static S s; return s; }",
                 "struct S { int a, b; }; struct T { T(); long b[2]; }; S& f() { static S s; return s; }"}, "E_VARIABLE", "_ZZ1fvE1s");
}

TEST_CASE("a variable that became constant, or a constant that became a variable, is refused") {
  check_refused({"int n = 4; int f(int x) { return x; }", "extern const int n; const int n = 4; int f(int x) { return x; }"}, "E_VARIABLE", "n");
  check_refused({"extern const int n; const int n = 4; int f(int x) { return x; }", "int n = 4; int f(int x) { return x; }"}, "E_VARIABLE", "n");
  check_refused({"int n = 4;", "thread_local int n = 4;"}, "E_VARIABLE", "n");
}

TEST_CASE("an initializer that changed is kept and noted, whatever kind of variable it is of") {
  const std::string text = "int a = 1; int zero; thread_local int t = 3; int* p = &a; const char* s = \"one\"; int f(int x) { static int n = 4; return x + n++; }";
  for (const auto& [from, to, name] :
       {std::tuple{"a = 1", "a = 2", "a"}, std::tuple{"int zero", "int zero = 1", "zero"}, std::tuple{"t = 3", "t = 4", "t"},
        std::tuple{"p = &a", "p = &zero", "p"}, std::tuple{"\"one\"", "\"two\"", "s"}, std::tuple{"n = 4", "n = 5", "_ZZ1fiE1n"}}) {
    const Names wanted{name};
    for_each_toolchain({text, edit(text, from, to)}, [&](const Diff& diff, const Toolchain&) {
      CHECK(diff.changed_initializers == wanted);
      CHECK(diff.changed_functions.empty());
      CHECK(diff.refusals.empty());
    });
  }
}

TEST_CASE("a virtual table that changed is refused") {
  const std::string text = R"(
    struct A { virtual ~A(); virtual int first(int); virtual int second(int); int n; };
    A::~A() {} int A::first(int x) { return x; } int A::second(int x) { return x + n; }
    struct B : A { int second(int) override; }; int B::second(int x) { return x + 2; }
  )";
  for (const auto& [from, to] : {std::pair{"virtual int second(int); int n", "virtual int second(int); virtual int third(int); int n"},
                                 std::pair{"virtual int first(int); virtual int second(int)", "virtual int second(int); virtual int first(int)"}}) {
    for_each_toolchain({text, edit(text, from, to) + "int A_third; "}, [](const Diff& diff, const Toolchain&) {
      CHECK(contains(codes(diff), "E_VTABLE"));
      CHECK(contains(diff.new_variables, "A_third"));
    });
  }
  check_changed({text, edit(text, "return x + n", "return x - n")}, {"_ZN1A6secondEi"});
  check_changed({text, edit(text, "return x + 2", "return x - 2")}, {"_ZN1B6secondEi"});
}

TEST_CASE("bases that changed are refused") {
  const std::string text = R"(
    struct A { virtual ~A(); int a; }; struct B { virtual ~B(); int b; }; A::~A() {} B::~B() {}
    struct C : A { ~C(); int c; }; C::~C() { c = 1; }
  )";
  for_each_toolchain({text, edit(text, "struct C : A", "struct C : B")}, [](const Diff& diff, const Toolchain&) {
    CHECK(contains(codes(diff), "E_LAYOUT"));
  });
}

TEST_CASE("new variables that initializers refer to are told from those that are just there") {
  const std::string text = "struct A { A(int); ~A(); int x; }; int compute(); A first(1); int f() { return first.x; }";
  const auto check = [&](const std::string& more, const Names& initialized) {
    for_each_toolchain({text, text + more + " int g() { return fresh.x; }"}, [&](const Diff& diff, const Toolchain&) {
      CHECK(sorted(diff.initialized) == initialized);
      CHECK(diff.refusals.empty());
    });
  };
  check(" A fresh(3);", {"fresh"});
  check(" struct B { int x; } fresh = {compute()};", {"fresh"});
  check(" static A fresh(3);", {"_ZL5fresh"});
  check(" struct B { int x; } fresh = {3};", {});
  check(" inline A fresh(3);", {"_ZGV5fresh", "fresh"});
}

TEST_CASE("a new function-local static with a constructor needs no initializer") {
  const std::string text = "struct A { A(int); ~A(); int x; }; A first(1); int f() { return first.x; }";
  for_each_toolchain({text, edit(text, "{ return first.x; }", "{ static A fresh(2); return first.x + fresh.x; }")},
                     [](const Diff& diff, const Toolchain&) {
                       CHECK(diff.changed_functions == Names{"_Z1fv"});
                       CHECK(sorted(diff.new_variables) == Names{"_ZGVZ1fvE5fresh", "_ZZ1fvE5fresh"});
                       CHECK(diff.refusals.empty());
                     });
}

TEST_CASE("a changed initializer of an existing variable changes no function, and is told") {
  const std::string text =
      "struct A { A(int); ~A(); int x; }; int compute(int); A first(1); int f() { return first.x; }"
      "int number = compute(7); int& g() { return number; } static A last(3); int h() { return last.x; }";
  const auto check = [&](const std::string& from, const std::string& to, const Names& variables) {
    for_each_toolchain({text, edit(text, from, to)}, [&](const Diff& diff, const Toolchain& toolchain) {
      CHECK(diff.changed_functions.empty());
      CHECK(diff.new_variables.empty());
      CHECK(diff.refusals.empty());
      // Optimisers mix the code of variables that stand beside each other.
      if (is_optimised(toolchain)) CHECK(diff.initializers.variables.empty() == variables.empty());
      else CHECK(diff.initializers.variables == variables);
      CHECK_FALSE(diff.initializers.others);
    });
  };
  check("first(1)", "first(2)", {"first"});
  check("compute(7)", "compute(8)", {"number"});
  check("last(3)", "last(4)", {"_ZL4last"});
  check("last(3)", "last(3)", {});
}

TEST_CASE("a changed initializer of a thread-local variable is told") {
  const std::string text = "struct A { A(int); ~A(); int x; }; static thread_local A each(1); int f() { return each.x; }";
  for_each_toolchain({text, edit(text, "each(1)", "each(2)")}, [](const Diff& diff, const Toolchain& toolchain) {
    // Optimisers inline it: then it is the function that changed, for threads that have not been there.
    if (is_optimised(toolchain)) CHECK(diff.changed_functions == Names{"_Z1fv"});
    else CHECK(diff.initializers.variables == Names{"_ZL4each"});
    CHECK(diff.refusals.empty());
  });
}

TEST_CASE("new variables with initializers do not make those beside them look changed") {
  const std::string text = "struct A { A(int); ~A(); int x; }; A first(1), second(2); int f() { return first.x + second.x; }";
  for_each_toolchain({text, text + "A fresh(3); int g() { return fresh.x; }"}, [](const Diff& diff, const Toolchain&) {
    CHECK(diff.initializers.variables.empty());
    CHECK_FALSE(diff.initializers.others);
  });
}

TEST_CASE("an initializer whose variable is left out is told") {
  const std::string text = "int add(int); int first = add(1); int f() { return ++first; }";
  for_each_toolchain({text, text + "static bool registered = add(2);"}, [](const Diff& diff, const Toolchain&) {
    const bool told = diff.initializers.others || !diff.initializers.variables.empty() || !diff.initialized.empty();
    CHECK(told);
  });
}

TEST_CASE("a new function that would have to run at start-up is told") {
  const std::string text = "int compute(); int n; int f() { return ++n; }";
  for_each_toolchain({text, text + " __attribute__((constructor)) static void start() { n = compute(); }"}, [](const Diff& diff, const Toolchain&) {
    CHECK(diff.start_functions == Names{"_ZL5startv"});
  });
}

TEST_CASE("a lambda inserted before another one, or removed, leaves the other one as it was") {
  const std::string text = "int (*table[3])(int); void f() { table[0] = [](int x) { return x + 1; }; }";
  const std::string more = edit(text, "{ table[0]", "{ table[1] = [](int x) { return x + 2; }; table[0]");
  for (const Pair& pair : {Pair{text, more}, Pair{more, text}}) {
    for_each_toolchain(pair, [](const Diff& diff, const Toolchain&) {
      CHECK(diff.changed_functions == Names{"_Z1fv"});
      CHECK(diff.refusals.empty());
    });
  }
}

TEST_CASE("lambdas that change places keep their code") {
  const std::string text = "int (*table[3])(int); void f() { table[0] = [](int x) { return x + 1; }; table[1] = [](int x) { return x * 2; }; }";
  const std::string swapped = "int (*table[3])(int); void f() { table[1] = [](int x) { return x * 2; }; table[0] = [](int x) { return x + 1; }; }";
  for_each_toolchain({text, swapped}, [](const Diff& diff, const Toolchain&) {
    for (const std::string& name : diff.changed_functions) CHECK(name == "_Z1fv");  // the same code, where it is sorted
    CHECK(diff.left_behind.empty());
    CHECK(diff.refusals.empty());
  });
}

const std::string keeper = R"(struct Any { void* state; int (*call)(void*, int); };
template <class F> Any* keep(F f) { return new Any{new F(f), [](void* s, int x) { return (*static_cast<F*>(s))(x); }}; }
)";

TEST_CASE("a lambda whose captures changed is a new one, and the old one is left behind") {
  const std::string text = keeper + "Any* make(int a, long b) { return keep([a](int x) { return x + a; }); }";
  for (const std::string captures : {"[a, b](int x) { return int(x + a + b); }", "[b](int x) { return int(x + b); }", "[&a](int x) { return x + a; }"}) {
    for_each_toolchain({text, edit(text, "[a](int x) { return x + a; }", captures)}, [&](const Diff& diff, const Toolchain& toolchain) {
      CHECK(diff.changed_functions == Names{"_Z4makeil"});
      // Optimised, the code for [b] is that for [a]: it does the same for either.
      if (captures[1] != 'b' || !is_optimised(toolchain)) CHECK(contains(diff.left_behind, "make(int, long)"));
      CHECK(diff.refusals.empty());
    });
  }
  for_each_toolchain({text, edit(text, "x + a", "x * a - 1")}, [](const Diff& diff, const Toolchain&) {
    CHECK_FALSE(diff.changed_functions.empty());
    CHECK_FALSE(contains(diff.changed_functions, "_Z4makeil"));
    CHECK(diff.left_behind.empty());
    CHECK(diff.refusals.empty());
  });
}

TEST_CASE("a static variable of a lambda that cannot be matched is not given up") {
  const std::string text = keeper + "Any* make(int a, long b) { return keep([a](int x) { static int n; return x + a + n++; }); }";
  const std::string captures = edit(edit(text, "[a]", "[a, b]"), "x + a +", "x + a + int(b) +");
  for_each_toolchain({text, captures}, [](const Diff& diff, const Toolchain&) {
    CHECK(codes(diff) == Names{"E_LAMBDA", "E_VARIABLE"});
  });
}

TEST_CASE("what became static, or is no longer, is the same function and variable") {
  const std::string text = "int n = 1; int f(int x) { return x + ++n; } int (*p)(int) = &f; int g() { return f(2); }";
  const std::string hidden = edit(edit(text, "int n = 1", "static int n = 1"), "int f(", "static int f(");
  for (const Pair& pair : {Pair{text, hidden}, Pair{hidden, text}}) {
    for_each_toolchain(pair, [](const Diff& diff, const Toolchain&) {
      CHECK(diff.new_functions.empty());
      CHECK(diff.new_variables.empty());
      CHECK(diff.removed_functions.empty());
      CHECK(diff.refusals.empty());
    });
  }
}

TEST_CASE("a lambda whose body changed, and one that is added behind the others, is not refused") {
  const std::string text = "int (*table[3])(int); void f() { table[0] = [](int x) { return x + 1; }; } void g() { table[2] = [](int x) { return x + 9; }; }";
  for_each_toolchain({text, edit(text, "x + 1", "x + 2")}, [](const Diff& diff, const Toolchain&) {
    CHECK_FALSE(diff.changed_functions.empty());
    for (const std::string& name : diff.changed_functions) CHECK(name.find("1fv") != std::string::npos);
    CHECK(diff.refusals.empty());
  });
  for_each_toolchain({text, edit(text, "x + 1; }; }", "x + 1; }; table[1] = [](int x) { return x + 3; }; }")},
                     [](const Diff& diff, const Toolchain&) {
                       CHECK(contains(diff.changed_functions, "_Z1fv"));
                       CHECK(diff.refusals.empty());
                     });
}

TEST_CASE("entities are found by key, with their kind and linkage") {
  Space space;
  for (const Toolchain& toolchain : toolchains()) {
    CAPTURE(toolchain.name);
    const auto object = entities(space.compile(toolchain, "unit.cc", everything, "unit.o"));
    const Entity* choose = object->find("_Z6choosei");
    REQUIRE(choose);
    CHECK(choose->kind == Kind::kFunction);
    CHECK_FALSE(choose->local);
    const Entity* counter = object->find("_ZL7counter");
    REQUIRE(counter);
    CHECK(counter->kind == Kind::kVariable);
    CHECK(counter->local);
    CHECK(counter->size == 4);
    const Entity* of_thread = object->find("of_thread");
    REQUIRE(of_thread);
    CHECK(of_thread->kind == Kind::kThreadLocal);
    const Entity* table = object->find("_ZTV7Derived");
    REQUIRE(table);
    CHECK(table->kind == Kind::kConstant);
    CHECK(table->weak);
    CHECK(object->find("no such name") == nullptr);
    CHECK(object->exception_table_of(*object->find("_Z5riskyi")).form != Target::Form::kNothing);
    if (is_gcc(toolchain) || is_optimised(toolchain)) CHECK(object->all().size() > 20);
  }
}

TEST_CASE("a variable that is gone beside a new one like it may have been renamed: refused") {
  const std::string text = "static long counter = 100; long other = 3; long f() { return ++counter + ++other; }";
  const auto renamed = [](std::string from, const std::string& name, const std::string& to) {
    for (size_t at = from.find(name); at != std::string::npos; at = from.find(name, at + to.size())) from.replace(at, name.size(), to);
    return from;
  };
  check_refused({text, renamed(text, "counter", "number")}, "E_VARIABLE", "_ZL6number");
  check_refused({text, renamed(text, "other", "another")}, "E_VARIABLE", "another");
  for (const std::string source : {"unit.cc", "unit.c"}) {
    const std::string inner = "long f(void) { static long n = 4; return ++n; }";
    for_each_toolchain({inner, renamed(inner, " n ", " m ").replace(inner.find("++n"), 3, "++m"), source}, [](const Diff& diff, const Toolchain&) {
      CHECK(codes(diff) == Names{"E_VARIABLE"});
    });
  }
  // Another value, type or linkage is another variable.
  for (const char* other : {"static long number = 7;", "static int number = 100;", "long number = 100;"}) {
    for_each_toolchain({text, edit(renamed(text, "counter", "number"), "static long number = 100;", other)},
                       [](const Diff& diff, const Toolchain&) { CHECK(diff.refusals.empty()); });
  }
}

TEST_CASE("a structure that clang takes apart is one variable, not several of one name") {
  const std::string text = "static struct { int x, y; } at; void go(int a) { at.x += a; at.y++; } int get(void) { return at.x + at.y; }";
  for (const std::string source : {"unit.cc", "unit.c"}) {
    for_each_toolchain({text, edit(text, "at.x += a", "at.x += 2 * a"), source}, [](const Diff& diff, const Toolchain&) {
      CHECK(diff.changed_functions.size() == 1);
      CHECK(diff.refusals.empty());
    });
  }
}

TEST_CASE("statics of one name in one function are what they are as long as the function is not edited") {
  const std::string text = "int f(int x) { if (x) { static int n; return ++n; } static int n; return n += 2; } int g(int x) { return x; }";
  for (const std::string source : {"unit.cc", "unit.c"}) {
    check_changed({text, edit(text, "return x;", "return x + 1;"), source}, {source == "unit.c" ? "g" : "_Z1gi"});
    for_each_toolchain({text, edit(text, "n += 2", "n += 3"), source}, [](const Diff& diff, const Toolchain&) {
      CHECK(codes(diff) == Names{"E_VARIABLE"});
    });
  }
}

TEST_CASE("another one of the constants that a function mentions more than once is a change") {
  const std::string before = "double f(double x, double y) { return (x / 3.5 + 1.25) / 2.75 + (1.25 - y / 3.5) / 2.75; }";
  const std::string after = "double f(double x, double y) { return (x / 3.5 + 1.25) / 2.75 + (2.75 - y / 3.5) / 2.75; }";
  for (const Toolchain& toolchain : toolchains()) {
    INFO(toolchain.name);
    CHECK(joined(diff_of(toolchain, before, after).changed_functions) == "_Z1fdd");
    CHECK(diff_of(toolchain, before, before).empty());
  }
}
