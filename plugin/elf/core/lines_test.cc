// A function whose lines are others is found, with every compiler, whatever else is in its file.
#include "lines.h"

#include "../../../test/elf/compiled_objects.h"

using namespace hotreload;
using namespace hotreload_test;

namespace {

void check_moved(const std::string& before, const std::string& after, const Names& functions, const std::string& more = "") {
  for (const Toolchain& toolchain : toolchains()) {
    Space space;
    const auto old = entities(space.compile(toolchain, "unit.cc", before, "before.o", more));
    const auto now = entities(space.compile(toolchain, "unit.cc", after, "after.o", more));
    const auto moved = moved_functions(*Correspondence::of(old, now));
    INFO(toolchain.name << " " << more);
    REQUIRE(moved);
    CHECK(sorted(moved.value()) == sorted(functions));
  }
}

const std::string first = "int first(int x) { return x + 1; }\n";
const std::string second = "int second(int x) {\n  return x * 3;\n}\n";
const std::string third = "static int count;\nint third(int x) {\n  return x - ++count;\n}\n";

}  // namespace

TEST_CASE("nothing moved where no line did") {
  check_moved(first + second + third, first + second + third, {});
  check_moved(first + second, "int first(int x) { return x + 2; }\n" + second, {});
}

TEST_CASE("what follows an insertion moved, and what is before it did not") {
  for (const std::string more : {"", "-gdwarf-4", "-gz", "-gsplit-dwarf"}) {
    check_moved(first + second + third, first + "\n\n" + second + third, {"_Z6secondi", "_Z5thirdi"}, more);
  }
}

TEST_CASE("a line within a function moves its end") {
  check_moved(first + second + third, first + "int second(int x) {\n  // a remark\n  return x * 3;\n}\n" + third,
              {"_Z6secondi", "_Z5thirdi"});
}

TEST_CASE("two functions of the same form that changed places moved") {
  const std::string other = "int other(int x) { return x + 2; }\n";
  check_moved(first + other + second, other + first + second, {"_Z5firsti", "_Z5otheri"});
}

TEST_CASE("code without lines has none to compare") {
  check_moved(first + second, "\n" + first + second, {}, "-g0");
}
