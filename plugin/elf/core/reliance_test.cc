// Of what a function does, optimised callers in its file know something: they are named when it changes.
#include "reliance.h"

#include "../../../test/elf/compiled_objects.h"
#include "renewal.h"

using namespace hotreload;
using namespace hotreload_test;

namespace {

/// What the old loop() relied on, for each toolchain.
void for_each_loop(const std::string& before, const std::string& after,
                   const std::function<void(const Names&, const Toolchain&)>& check) {
  for (const Toolchain& toolchain : toolchains()) {
    Space space;
    const auto entities = [&](const std::string& text, const std::string& object) {
      return Entities::of(read_object(space.compile(toolchain, "unit.c", text, object)).value());
    };
    const auto match = Correspondence::of(entities(before, "before.o"), entities(after, "after.o"));
    const Names functions = diff_entities(*match).changed_functions;
    const std::set<std::string> changed(functions.begin(), functions.end());
    const Entity* loop = match->after().find("loop");
    INFO(toolchain.name);
    REQUIRE(loop);
    check(changed.count("loop") > 0 ? Reliance(*match, changed).of(*loop) : Names{}, toolchain);
  }
}

bool optimises(const Toolchain& toolchain) { return toolchain.name.find("-O2") != std::string::npos; }
bool is_clang(const Toolchain& toolchain) { return toolchain.name.find("clang") == 0; }

std::string program(const std::string& step) {
  return "int next(void); extern int sum;\n"
         "__attribute__((noinline)) int step(int x, int by) { " + step + " }\n"
         "__attribute__((noinline)) int between(int x) { sum ^= x; return step(x, next()); }\n"
         "void loop(void) { for (int i = 0;; i++) sum += step(i, next()); }\n";
}

}  // namespace

TEST_CASE("a caller that does not pass what was not used relies on it") {
  for_each_loop(program("sum ^= x; return x;"), program("sum ^= x; return x + by;"), [](const Names& names, const Toolchain& toolchain) {
    CHECK(names == (optimises(toolchain) && is_clang(toolchain) ? Names{"step"} : Names{}));
  });
}

TEST_CASE("a caller that takes a result for what it always was relies on it") {
  for_each_loop(program("sum += by; return 3;"), program("sum += by; return x;"),
                [](const Names& names, const Toolchain& toolchain) {
                  CHECK(names == (optimises(toolchain) && is_clang(toolchain) ? Names{"step"} : Names{}));
                });
}

TEST_CASE("a caller that knew nothing relies on nothing") {
  for_each_loop(program("return x + by;"), program("return x - by;"),
                [](const Names& names, const Toolchain&) { CHECK(names.empty()); });
}

TEST_CASE("a caller that was edited as well may have known something, if it was optimised") {
  const auto through = [](std::string text, const std::string& call) {
    const std::string direct = "sum += step(i, next())";
    return text.replace(text.find(direct), direct.size(), call);
  };
  const std::string before = through(program("return x + by;"), "sum += between(i)");
  const std::string after = through(program("return x - by;"), "sum += 1 + between(i)");
  for_each_loop(before, after, [](const Names& names, const Toolchain& toolchain) {
    CHECK(names == (optimises(toolchain) ? Names{"step"} : Names{}));
  });
}
