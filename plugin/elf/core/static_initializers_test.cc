// An initializer of a function static that changed is told; what else changes in the function is not taken for one.
#include "static_initializers.h"

#include "../../../test/elf/compiled_objects.h"

using namespace hotreload;
using namespace hotreload_test;

namespace {

const std::string text = R"(
struct A { A(int); A(const char*, int); ~A(); int x; };
int compute(int);
void say(const char*, int, int);
int f(int y) {
  static A made(compute(7), 3 + compute(1));
  return made.x + y;
}
int g(int y) { static int number = compute(y) * 2; return ++number; }
int h() { static A word("text", 1); return word.x; }
)";

}  // namespace

TEST_CASE("a changed initializer of a function static is told") {
  const std::string source = edit(text, "A(const char*, int)", "A(int, int); A(const char*, int)");
  const auto check = [&](const std::string& from, const std::string& to, const Names& expected) {
    for_each_toolchain({source, edit(source, from, to)}, [&](const Diff& diff, const Toolchain&) {
      CHECK(diff.static_initializers == expected);
      CHECK(diff.refusals.empty());
    });
  };
  check("compute(7)", "compute(8)", {"_ZZ1fiE4made"});
  check("3 + ", "4 + ", {"_ZZ1fiE4made"});
  check("made(compute(7), 3 + compute(1))", "made(compute(7))", {"_ZZ1fiE4made"});
  check("* 2", "* 3", {"_ZZ1giE6number"});
  check("\"text\"", "\"other\"", {"_ZZ1hvE4word"});
  check("return made.x + y", "return made.x * 5 + compute(y)", {});
  check("return ++number", "number += 2 * compute(3); return number", {});
  check("return word.x", "char more[200]; say(more, word.x, 77); return word.x + more[3]", {});
  check("{ static A word", "{ say(\"before\", compute(1), 5); for (int i = 0; i < compute(i); i++) say(\"loop\", i, 6); static A word", {});
}

TEST_CASE("a static that began with a constant and has an initializer now would lose its value: refused") {
  const std::string before = "int compute(int); int f() { static int n = 5; return ++n; }";
  for_each_toolchain({before, edit(before, "n = 5", "n = compute(5)")}, [](const Diff& diff, const Toolchain&) {
    CHECK(codes(diff) == Names{"E_INITIALIZER"});
  });
}
