// What an optimiser does to a variable from one version to the next is seen where a live value could not follow it.
#include "variable_forms.h"

#include "../../../test/elf/compiled_objects.h"

using namespace hotreload;
using namespace hotreload_test;

namespace {

std::vector<LayoutChange> changes_of(const Toolchain& toolchain, const std::string& before, const std::string& after,
                                     const std::string& source) {
  Space space;
  const std::string old = space.compile(toolchain, source, before, "before.o");
  const std::string now = space.compile(toolchain, source, after, "after.o");
  auto result = compare_variable_forms(old, now);
  if (!result) FAIL(result.error().message);
  for (const LayoutChange& change : result.value()) CHECK(change.file == space.path(source));
  return result.value();
}

/// The change is seen by those that optimise (`by` says which of them), and by no other.
void check_seen(const std::string& before, const std::string& after, const std::string& by, const std::string& word) {
  for (const std::string source : {"unit.c", "unit.cc"}) {
    for (const Toolchain& toolchain : toolchains()) {
      const bool optimises = toolchain.name.find("-O2") != std::string::npos && toolchain.name.find(by) == 0;
      const auto changes = changes_of(toolchain, before, after, source);
      INFO(toolchain.name << " " << source);
      CHECK(changes.size() == (optimises ? 1 : 0));
      for (const LayoutChange& change : changes) {
        CHECK(change.code == "E_VARIABLE");
        CHECK(change.line == 1);
        CHECK(change.message.find(word) != std::string::npos);
      }
    }
  }
}

}  // namespace

// gcc keeps such variables, since HotReload.cmake tells it not to rely on what other functions do (-flive-patching).
TEST_CASE("a variable that is never written any more is one whose live value would be lost") {
  check_seen("static int speed = 1; int get(void) { return speed; } void faster(void) { speed++; }",
             "static int speed = 1; int get(void) { return speed; } void faster(void) { }", "clang", "speed");
  check_seen("int next(void) { static int count = 5; count++; return count; }",
             "int next(void) { static int count = 5; return count; }", "clang", "count");
}

TEST_CASE("a variable of which clang keeps one bit, and what that bit means") {
  const std::string text = "static int mode; void on(void) { mode = 1; } int get(void) { return mode; }";
  check_seen(text, "static int mode; void on(void) { mode = 2; } int get(void) { return mode; }", "clang", "mode");
  check_seen(text, "static int mode; void on(void) { mode = 1; } void off(int x) { mode = x; } int get(void) { return mode; }",
             "clang", "mode");
}

TEST_CASE("a structure that clang takes apart, and one that it does not take apart any more") {
  check_seen("static struct { int x, y; } at; void go(int a, int b) { at.x += a; at.y += b; } int get(void) { return at.x + at.y; }",
             "static struct { int x, y; } at; void go(int a, int b) { at.x += a; at.y += b; } int get(void) { return at.x + at.y; } void* all(void) { return &at; }",
             "clang", "at");
}

TEST_CASE("a static that became a variable of the stack, others beside it, and an edit of the code change no form") {
  const std::string text =
      "static int a; static struct { int x, y; } s; int f(int x) { static int n = 3; int other = x; a += x; s.x += x; s.y++; return n += other; } int g(void) { return a + s.x + s.y; }";
  for (const auto& [from, to] :
       {std::pair{"return n += other;", "return n += 2 * other;"}, std::pair{"static int a;", "static int b; static int a; int* h(int x) { b += x; return &b; }"},
        std::pair{"int other = x;", "volatile int other = x;"}}) {
    std::string edited = text;
    edited.replace(edited.find(from), std::string(from).size(), to);
    for (const std::string source : {"unit.c", "unit.cc"}) {
      for (const Toolchain& toolchain : toolchains()) {
        INFO(toolchain.name << " " << source << " " << to);
        CHECK(changes_of(toolchain, text, edited, source).empty());
      }
    }
  }
}
