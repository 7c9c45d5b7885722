// A change that could make a resolver choose otherwise is refused; one of what it chose is not.
#include "indirect.h"

#include "../../../test/elf/compiled_objects.h"

using namespace hotreload;
using namespace hotreload_test;

namespace {

const std::string source = R"(
static int plain(int x) { return x + 1; }
static int wide(int x) { return x + 2; }
extern int level;
__attribute__((noinline)) static int can_do_wide(void) { return level > 1; }
static void *choose(void) { return can_do_wide() ? (void *)wide : (void *)plain; }
int chosen(int x) __attribute__((ifunc("choose")));
int user(int x) { return chosen(x) + 3; }
)";

std::string edited(const std::string& from, const std::string& to) {
  std::string text = source;
  const size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

void check(const std::string& before, const std::string& after, const std::string& symbol) {
  for (const Toolchain& toolchain : toolchains()) {
    const Diff diff = diff_of(toolchain, before, after, "unit.c");
    INFO(toolchain.name << ": " << text_of(diff));
    Names symbols;
    for (const Refusal& refusal : diff.refusals) symbols.push_back(refusal.symbol);
    CHECK(symbols == (symbol.empty() ? Names{} : Names{symbol}));
    if (!symbol.empty()) CHECK(codes(diff) == Names{"E_FUNCTION"});
    else CHECK(!diff.changed_functions.empty());
  }
}

}  // namespace

TEST_CASE("a resolver that changed is refused, by its own name") {
  check(source, edited("(void *)wide : (void *)plain", "(void *)plain : (void *)wide"), "choose");
}

TEST_CASE("a function that the resolver calls changed: refused") {
  check(source, edited("level > 1", "level > 2"), "can_do_wide");
}

TEST_CASE("what it chose from, and what calls the function, are code like any other") {
  check(source, edited("return x + 2;", "return x + 20;"), "");
  check(source, edited("return chosen(x) + 3;", "return chosen(x) + 30;"), "");
}

TEST_CASE("a function that is chosen by a resolver from now on, or no longer, is refused") {
  const std::string directly = edited("int chosen(int x) __attribute__((ifunc(\"choose\")));",
                                      "int chosen(int x) { return x; }\nvoid *use(void) { return choose(); }");
  check(directly, source, "choose");
  check(source, directly, "chosen");
}
