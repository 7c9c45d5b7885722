// New variables are constructed by functions of their own, or by the initializers of a file that had none.
#include "constructions.h"

#include "../../../test/elf/compiled_objects.h"
#include "construction_reach.h"
#include "names.h"

using namespace hotreload;
using namespace hotreload_test;

namespace {

const std::string text = "struct A { A(int); ~A(); int x; }; int compute(int); __attribute__((noinline)) int helper(int x) { return compute(x); }\n";
const std::string first = "A first(1); int f() { return first.x; }\n";
const std::string guard = "__attribute__((used)) static int hotreload_guard(void (*f)()) { f(); return 1; }\n";
const std::string others = "struct A { A(int); ~A(); int x; }; A::A(int y) : x(y) {} A::~A() {} int compute(int x) { return x; } int main() {}\n";

std::string constructing(const std::string& declaration, const std::string& of = "") {
  return "__attribute__((used)) static void hotreload_construct_0" + of + "() { static __attribute__((used)) " + declaration + " }\n";
}

struct Outcome {
  Names calls, refusals;  ///< calls: functions, demangled, for gcc and clang differ in how they mangle some
  std::string reached;    ///< what of the changed functions the calls come upon
  Names changed = {};     ///< variables that were there whose initializers differ
  bool others = false;    ///< as do some that no variable can be told of
};

/// A program with the old version is linked; what becomes of the new variables of the new one.
Outcome outcome_of(const Toolchain& toolchain, const std::string& before, const std::string& after) {
  Space space;
  const auto old = entities(space.compile(toolchain, "unit.cc", before, "before.o"));
  const std::string rest = space.compile(toolchain, "others.cc", others, "others.o");
  space.run(toolchain.cxx + " before.o others.o -o program");
  auto module = read_module(space.path("program"));
  if (!module) FAIL(module.error().message);
  PatchInput input{};
  input.modules.push_back({module.value(), 0, 0});
  input.others = {rest};
  const auto now = entities(space.compile(toolchain, "unit.cc", after, "after.o"));
  input.objects.push_back({"unit.o", old, now, nullptr});
  input.objects[0].match = Correspondence::of(old, now);
  const Canonicals canonicals(input.modules, 0, input.introduced);
  const Diff diff = diff_entities(*input.objects[0].match);
  const Constructions found = find_constructions(input.objects[0], diff, canonicals);
  Outcome outcome;
  for (const Entity* function : found.calls) outcome.calls.push_back(demangle(function->name));
  for (const Refusal& refusal : found.refusals) outcome.refusals.push_back(refusal.symbol);
  ReachQuestion question{input, canonicals, {}, {}};
  for (const Entity* function : found.calls) question.calls.emplace_back(0, function);
  for (const std::string& key : diff.changed_functions) {
    const Entity& entity = *now->find(key);
    question.changed.emplace(0, entity.section, entity.offset);
  }
  OtherObjects objects(input.others, *module.value());
  auto answer = reach_of_constructions(question, &objects);
  if (!answer) FAIL(answer.error().message);
  const InitializerChanges changes = compare_initializers(*input.objects[0].match, &found.seen_to);
  outcome.changed = changes.variables;
  outcome.others = changes.others;
  if (answer.value().changed) outcome.reached = answer.value().changed->name;
  return outcome;
}

void check(const std::string& before, const std::string& after, const Outcome& expected) {
  for (const Toolchain& toolchain : toolchains()) {
    INFO(toolchain.name << "\n" << after);
    const Outcome outcome = outcome_of(toolchain, before, after);
    CHECK(outcome.calls == expected.calls);
    CHECK(outcome.refusals == expected.refusals);
    CHECK(outcome.reached == expected.reached);
  }
}

const Names construct_0{"hotreload_construct_0()"};

}  // namespace

TEST_CASE("a new variable beside others with initializers needs a function of its own, and the guard") {
  const std::string before = text + first, after = before + "A fresh(3); int g() { return fresh.x; }\n";
  check(before, after, {{}, {"fresh"}, ""});
  check(before, after + guard, {{}, {"fresh"}, ""});
  check(before, after + guard + constructing("A fresh(3);"), {construct_0, {}, ""});
  check(before, after + guard + constructing("A other(3);"), {{}, {"fresh"}, ""});
}

TEST_CASE("a function that constructs something else as well is not called") {
  const std::string before = text + first;
  check(before, before + "A fresh(3); int g() { return fresh.x; }\n" + guard + constructing("A fresh(3), first(1);"), {{}, {"fresh"}, ""});
  const std::string lambda = "struct B { int (*f)(int); int x; B(int (*g)(int)) : f(g), x(compute(1)) {} };\n";
  const std::string fresh = "B fresh([](int x) { static int n; return n += compute(x); });";
  check(before + lambda, before + lambda + fresh + " int g() { return fresh.x; }\n" + guard + constructing(fresh), {{}, {"fresh"}, ""});
}

TEST_CASE("a structure whose members clang keeps apart is constructed if it has only one, and refused if there are more") {
  const std::string one = text + first + "struct V { V(int v) : x(compute(v)) {} int x; };\n";
  const std::string two = text + first + "struct V { V(int v) : x(compute(v)), y(compute(v + 1)) {} int x, y; };\n";
  const std::string fresh = "static V fresh(3); int g() { return fresh.x; }\n" + guard + constructing("V fresh(3);");
  for (const Toolchain& toolchain : toolchains()) {
    INFO(toolchain.name);
    const Outcome whole = outcome_of(toolchain, one, one + fresh);
    CHECK(whole.refusals.empty());
    CHECK(whole.calls == construct_0);
    const Outcome parted = outcome_of(toolchain, two, two + fresh + "int h() { return fresh.y; }\n");
    const bool apart = toolchain.name == "clang -O2";
    CHECK(parted.refusals == (apart ? Names{"_ZL5fresh.0", "_ZL5fresh.1"} : Names{}));
    CHECK(parted.calls == (apart ? Names{} : construct_0));
  }
}

TEST_CASE("statics of classes and names in namespaces are found by their scope") {
  const std::string before = text + first + "struct C { static A made; int x; };\n";
  check(before, before + "A C::made(3); int g() { return C::made.x; }\n" + guard + constructing("A made(3);", "__C"), {{"hotreload_construct_0__C()"}, {}, ""});
  check(before, before + "A C::made(3); int g() { return C::made.x; }\n" + guard + constructing("A made(3);"), {{}, {"_ZN1C4madeE"}, ""});
  const std::string nested = before + "namespace n { namespace { A fresh(3);\n" + constructing("A fresh(3);") + "} int g() { return fresh.x; } }\n";
  check(before, nested + guard, {{"n::(anonymous namespace)::hotreload_construct_0()"}, {}, ""});
}

TEST_CASE("the initializers of a file that had none are called as they are, unless they touch what was there") {
  const std::string before = text + "int old = 5; int f() { return ++old; }\n";
  for (const Toolchain& toolchain : toolchains()) {
    INFO(toolchain.name);
    const Outcome whole = outcome_of(toolchain, before, before + "A fresh(3); int g() { return fresh.x; }\n" + guard);
    CHECK(whole.refusals.empty());
    REQUIRE(whole.calls.size() == 1);
    CHECK(whole.calls[0].substr(0, 14) == "_GLOBAL__sub_I");
    const std::string touching = "int fresh = compute(++old); int g() { return ++fresh; }\n";
    CHECK(outcome_of(toolchain, before, before + touching + guard).refusals == Names{"fresh"});
  }
}

TEST_CASE("beside a new variable, initializers that changed or whose variable is left out are told") {
  const std::string before = text + first;
  const std::string fresh = "A fresh(3); int g() { return fresh.x; }\n" + guard + constructing("A fresh(3);");
  const std::string dropped = "static bool registered = compute(2) > 1;\n";
  const std::string changed = "A first(3); int f() { return first.x; }\n";
  const auto is_told = [&](const Toolchain& toolchain, const std::string& now) {
    const Outcome outcome = outcome_of(toolchain, before, now);
    REQUIRE(outcome.calls == construct_0);
    return outcome.others || !outcome.changed.empty();
  };
  for (const Toolchain& toolchain : toolchains()) {
    INFO(toolchain.name);
    CHECK_FALSE(is_told(toolchain, before + fresh));
    CHECK_FALSE(is_told(toolchain, text + fresh + first));
    CHECK_FALSE(is_told(toolchain, before + "inline " + fresh));
    CHECK(is_told(toolchain, text + changed + fresh));
    CHECK(is_told(toolchain, text + fresh + changed));
    if (toolchain.flags.find("-O2") == std::string::npos) continue;  // it is a variable like any other
    CHECK(is_told(toolchain, before + fresh + dropped));
    CHECK(is_told(toolchain, before + dropped + fresh));
    CHECK(is_told(toolchain, text + dropped + fresh + first));
  }
}

TEST_CASE("new constructor functions are called") {
  const std::string before = text + first;
  check(before, before + "__attribute__((constructor)) static void start() { compute(1); }\n" + guard, {{"start()"}, {}, ""});
}

TEST_CASE("a constructor that comes upon what changed in the same save is told, directly or through others") {
  const std::string before = text + first;
  const std::string changed = before.substr(0, before.find("return compute(x)")) + "return compute(x + 1)" +
                              before.substr(before.find("return compute(x)") + 17);
  const std::string direct = "int fresh = helper(3); int g() { return ++fresh; }\n";
  check(before, changed + direct + guard + constructing("int fresh = helper(3);"), {construct_0, {}, "_Z6helperi"});
  const std::string apart = "A fresh(3); int g() { return fresh.x; }\n";
  check(before, changed + apart + guard + constructing("A fresh(3);"), {construct_0, {}, ""});
  // Through a pointer, whatever others know of may be called.
  const std::string pointer = "extern int (*callback)(int); int (*held)(int) = helper;\n";
  const std::string through = "int fresh = callback(3); int g() { return ++fresh; }\n";
  check(before + pointer + "int h() { return held(callback(1)); } int (*callback)(int) = compute;\n",
        changed + pointer + "int h() { return held(callback(1)); } int (*callback)(int) = compute;\n" + through + guard +
            constructing("int fresh = callback(3);"),
        {construct_0, {}, "_Z6helperi"});
}
