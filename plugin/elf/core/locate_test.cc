// Local symbols are found in the module, by evidence of the code where two files have the same name.
#include "locate.h"

#include <cstring>

#include "../../../test/elf/compiled_objects.h"

using namespace hotreload;
using namespace hotreload_test;

namespace {

std::shared_ptr<const Module> module_of(const std::string& path) {
  auto module = read_module(path);
  if (!module) FAIL(module.error().code << " " << module.error().message);
  return module.value();
}

/// Four bytes of the module's file at an address.
int32_t word_at(const Module& module, uint64_t address) {
  int32_t word = -1;
  const std::string_view bytes = module.at(address, sizeof word);
  if (bytes.size() == sizeof word) std::memcpy(&word, bytes.data(), sizeof word);
  return word;
}

int32_t value_of(const Module& module, const Located& located, const std::string& key) {
  const auto found = located.find(key);
  return found == located.end() ? -1 : word_at(module, found->second.address);
}

/// A file of which the program has two: the same names, other values. In C++ so that names are the same with every compiler.
std::string twin(const std::string& name, int value) {
  return "static int counter = " + std::to_string(value) + "; static int table[3] = {" + std::to_string(value + 1) + ", 2, 3};\n" +
         "__attribute__((noinline)) static int helper(int x) { table[x]++; return x + ++counter; }\n" +
         "namespace { struct State { volatile int n = " + std::to_string(value + 2) + "; } state; }\n" +
         "int " + name + "(int x) { state.n++; return helper(x) + helper(x + 1) + table[0] + state.n; }\n";
}

const char* const caller = "int a(int); int b(int); int main() { return a(0) + b(1); }\n";
const Names linkers{"bfd", "lld", "mold"};

/// mold makes the globals of an executable local unless they are exported.
std::string linked_by(const std::string& linker) {
  return " -fuse-ld=" + linker + (linker == "mold" ? " -Wl,--export-dynamic" : "");
}

}  // namespace

TEST_CASE("locals of two files of the same name are told apart") {
  for (const Toolchain& toolchain : toolchains()) {
    Space space;
    space.compile(toolchain, "first/util.cc", twin("a", 100), "a.o");
    space.compile(toolchain, "second/util.cc", twin("b", 200), "b.o");
    space.compile(toolchain, "main.cc", caller, "main.o");
    for (const std::string& linker : linkers) {
      for (const std::string order : {"a.o b.o", "b.o a.o"}) {
        space.run(toolchain.cxx + linked_by(linker) + " main.o " + order + " -o program");
        const auto module = module_of(space.path("program"));
        for (const auto& [object, value] : {std::pair<std::string, int>{"a.o", 100}, std::pair<std::string, int>{"b.o", 200}}) {
          INFO(toolchain.name << " " << linker << " " << order << " " << object);
          const auto original = entities(space.path(object));
          const auto located = locate_locals(*module, *original);
          if (!located) FAIL(located.error().message);
          CHECK(value_of(*module, located.value(), "_ZL7counter") == value);
          CHECK(value_of(*module, located.value(), "_ZL5table") == value + 1);
          CHECK(value_of(*module, located.value(), "_ZN12_GLOBAL__N_15stateE") == value + 2);
          const auto helper = located.value().find("_ZL6helperi");
          REQUIRE(helper != located.value().end());
          CHECK(helper->second.type == STT_FUNC);
        }
      }
    }
  }
}

TEST_CASE("two numbered statics of C are found under their keys") {
  const auto text = [](const std::string& name, int value) {
    return "int " + name + "(int x) { static int n = " + std::to_string(value) + "; static int m = " + std::to_string(value + 1) +
           "; n += x; m -= x; return n * m; } int more_" + name + "(int x) { static int n = " + std::to_string(value + 2) + "; return n += x; }";
  };
  for (const Toolchain& toolchain : toolchains()) {
    Space space;
    space.compile(toolchain, "first/util.c", text("a", 100), "a.o");
    space.compile(toolchain, "second/util.c", text("b", 200), "b.o");
    space.compile(toolchain, "main.c", caller, "main.o");
    for (const std::string& linker : linkers) {
      space.run(toolchain.c + linked_by(linker) + " main.o b.o a.o -o program");
      const auto module = module_of(space.path("program"));
      const auto original = entities(space.path("a.o"));
      const auto located = locate_locals(*module, *original);
      INFO(toolchain.name << " " << linker);
      REQUIRE(located);
      Names values;
      for (const Entity& entity : original->all()) {
        if (entity.local && entity.kind == Kind::kVariable) {
          values.push_back(std::to_string(value_of(*module, located.value(), entity.key)));
        }
      }
      CHECK(sorted(values) == Names{"100", "101", "102"});
    }
  }
}

TEST_CASE("locals are found in a shared library and in a program that is not position-independent") {
  for (const Toolchain& toolchain : toolchains()) {
    for (const std::string& linker : linkers) {
      for (const std::string form : {"-shared -o module", "-no-pie main.o -o module"}) {
        Space space;
        INFO(toolchain.name << " " << linker << " " << form);
        space.compile(toolchain, "first/util.cc", twin("a", 100), "a.o");
        space.compile(toolchain, "second/util.cc", twin("b", 200), "b.o");
        space.compile(toolchain, "main.cc", caller, "main.o");
        space.run(toolchain.cxx + linked_by(linker) + " a.o b.o " + form);
        const auto module = module_of(space.path("module"));
        CHECK(module->executable == (form[1] == 'n'));
        CHECK(module->position_independent == (form[1] == 's'));
        const auto located = locate_locals(*module, *entities(space.path("b.o")));
        REQUIRE(located);
        CHECK(value_of(*module, located.value(), "_ZL7counter") == 200);
      }
    }
  }
}

TEST_CASE("what a linker made local is found as what it was: a global of its object") {
  const std::string text =
      "__attribute__((visibility(\"hidden\"))) int hidden_count = 41; __attribute__((visibility(\"hidden\"), noinline)) int hidden_step(int x) { return x + hidden_count++; }\n"
      "int inner_count = 42; int inner_step(int x) { return x + inner_count++; } static int own = 43; int api(int x) { return hidden_step(x) + inner_step(x) + own++; }";
  for (const Toolchain& toolchain : {toolchains()[0], toolchains()[3]}) {
    for (const std::string& linker : linkers) {
      for (const std::string form : {"-shared -o module", "-shared -Wl,--version-script=map -o module", "-pie main.o -o module"}) {
        INFO(toolchain.name << " " << linker << " " << form);
        Space space;
        space.write("map", "{ global: api; _Z3apii; local: *; };\n");
        space.compile(toolchain, "a.cc", text, "a.o");
        space.compile(toolchain, "main.cc", "int api(int); int main() { return api(0); }", "main.o");
        space.run(toolchain.cxx + linked_by(linker) + " a.o " + form);
        const auto module = module_of(space.path("module"));
        const auto located = locate_locals(*module, *entities(space.path("a.o")));
        REQUIRE(located);
        CHECK(value_of(*module, located.value(), "_ZL3own") == 43);
        for (const auto& [name, value] : {std::pair<std::string, int>{"hidden_count", 41}, std::pair<std::string, int>{"inner_count", 42}}) {
          const auto global = module->globals.find(name);
          const bool known = global != module->globals.end();
          CHECK((known ? word_at(*module, global->second.address) : value_of(*module, located.value(), name)) == value);
        }
        for (const std::string name : {"_Z11hidden_stepi", "_Z10inner_stepi"}) {
          CAPTURE(name);
          CHECK(module->globals.count(name) + located.value().count(name) == 1);
        }
      }
    }
  }
}

TEST_CASE("a member of an archive that was not linked has no locals in the module") {
  Space space;
  const Toolchain& toolchain = toolchains()[0];
  space.compile(toolchain, "a.cc", twin("a", 100), "a.o");
  space.compile(toolchain, "unused/a.cc", twin("unused", 300), "unused.o");
  space.compile(toolchain, "main.cc", "int a(int); int main() { return a(1); }", "main.o");
  space.run("ar rc libboth.a unused.o a.o && g++ main.o libboth.a -o program");
  const auto module = module_of(space.path("program"));
  const auto unused = locate_locals(*module, *entities(space.path("unused.o")));
  if (unused) CHECK(unused.value().empty());
  const auto used = locate_locals(*module, *entities(space.path("a.o")));
  REQUIRE(used);
  CHECK(value_of(*module, used.value(), "_ZL7counter") == 100);
}

TEST_CASE("an object without locals needs none to be found") {
  Space space;
  space.compile(toolchains()[0], "a.cc", "int n = 3; int a(int x) { return x + n; } int main() { return a(1); }", "a.o");
  space.run("g++ a.o -o program");
  const auto located = locate_locals(*module_of(space.path("program")), *entities(space.path("a.o")));
  REQUIRE(located);
  CHECK(located.value().empty());
}

TEST_CASE("an executable of mold gets its globals back by its objects") {
  Space space;
  const Toolchain& toolchain = toolchains()[0];
  space.compile(toolchain, "main.c", "int f(void); int g(void); static int n = 1; int main(void) { return f() + g() + n; }",
                "main.o");
  space.compile(toolchain, "one/util.c", "static int helper = 2; int f(void) { return helper; }", "one.o");
  space.compile(toolchain, "two/util.c", "int helper = 3; int g(void) { return helper; }", "two.o");
  space.compile(toolchain, "other.c", "int shared = 4; int mine(void) { return shared; }", "other.o");
  space.run("gcc -fuse-ld=mold main.o one.o two.o other.o -o program");
  CHECK(read_module(space.path("program")).error().code == "E_LOCALIZED");
  std::vector<std::string> objects;
  for (const char* name : {"main.o", "one.o", "two.o", "other.o"}) objects.push_back(space.path(name));
  const auto module = read_module(space.path("program"), objects);
  REQUIRE(module);
  for (const char* name : {"main", "f", "g", "shared", "mine"}) CHECK(module.value()->globals.count(name) == 1);
  CHECK(module.value()->globals.count("n") == 0);
  CHECK(module.value()->globals.count("helper") == 0);  // it may be that of either util.c
  objects.push_back(space.path("missing.o"));
  CHECK(read_module(space.path("program"), objects).error().code == "E_ELF");
}

TEST_CASE("a module whose local symbols were dropped is refused with E_LOCATE") {
  for (const std::string how : {"g++ main.o a.o -Wl,-x -o program", "g++ main.o a.o -o program && strip -x program"}) {
    Space space;
    CAPTURE(how);
    space.compile(toolchains()[0], "a.cc", twin("a", 100), "a.o");
    space.compile(toolchains()[0], "main.cc", "int a(int); int main() { return a(1); }", "main.o");
    space.run(how);
    const auto located = locate_locals(*module_of(space.path("program")), *entities(space.path("a.o")));
    REQUIRE_FALSE(located);
    CHECK(located.error().code == "E_LOCATE");
  }
}

TEST_CASE("an object that is another version than the one that was linked is not matched with it") {
  Space space;
  const Toolchain& toolchain = toolchains()[0];
  space.compile(toolchain, "a.cc", twin("a", 100), "a.o");
  space.compile(toolchain, "main.cc", "int a(int); int main() { return a(1); }", "main.o");
  space.run("g++ main.o a.o -o program");
  space.compile(toolchain, "a.cc", "static long counter[9]; static int extra = 3; int a(int x) { return int(counter[x]++) + ++extra; }", "other.o");
  const auto located = locate_locals(*module_of(space.path("program")), *entities(space.path("other.o")));
  REQUIRE_FALSE(located);
  CHECK(located.error().code == "E_LOCATE");
}

TEST_CASE("a static of a function tells where its file is, though no code refers to it") {
  for (const Toolchain& toolchain : toolchains()) {
    Space space;
    const std::string unread = "int b(int x) { __attribute__((used)) static const char pad = 'x'; try { return x; } catch (...) { return 1; } }\n";
    space.compile(toolchain, "first/util.cc", twin("a", 100), "a.o");
    const auto object = entities(space.compile(toolchain, "second/util.cc", unread, "b.o"));
    space.compile(toolchain, "main.cc", caller, "main.o");
    space.run(toolchain.cxx + " main.o a.o b.o -o program");
    const auto located = locate_locals(*module_of(space.path("program")), *object);
    INFO(toolchain.name << ": " << (located ? "" : located.error().message));
    REQUIRE(located);
    CHECK(located.value().count("_ZZ1biE3pad") == 1);
  }
}

TEST_CASE("twins that nothing tells apart are refused with E_LOCATE") {
  Space space;
  const Toolchain& toolchain = toolchains()[0];
  // Nothing refers to the statics, so that no code says which of the two is which.
  const std::string text = "__attribute__((used)) static int counter = 1;";
  space.compile(toolchain, "first/util.cc", text, "a.o");
  space.compile(toolchain, "second/util.cc", text, "b.o");
  space.compile(toolchain, "main.cc", "int main() {}", "main.o");
  space.run("g++ main.o a.o b.o -o program");
  const auto located = locate_locals(*module_of(space.path("program")), *entities(space.path("a.o")));
  REQUIRE_FALSE(located);
  CHECK(located.error().code == "E_LOCATE");
}

TEST_CASE("a module is read with its build-id, its thread-locals and its symbols") {
  Space space;
  const Toolchain& toolchain = toolchains()[0];
  space.compile(toolchain, "a.cc",
                "int shared_name = 5; __attribute__((visibility(\"hidden\"))) int hidden_name = 6; thread_local long of_thread[3] = {1};"
                "static int own = 4; int main() { return shared_name + hidden_name + own++ + int(of_thread[1]); }", "a.o");
  for (const std::string& linker : linkers) {
    CAPTURE(linker);
    space.run("g++" + linked_by(linker) + " a.o -Wl,--build-id=0x0123456789abcdef -o program");
    const auto module = module_of(space.path("program"));
    CHECK(module->build_id == "0123456789abcdef");
    CHECK(module->executable);
    CHECK(module->tls_size == 24);
    CHECK(module->thread_pointer_offset(0) == -24 - (24 % int64_t(module->tls_alignment) ? int64_t(module->tls_alignment) - 24 % int64_t(module->tls_alignment) : 0));
    REQUIRE(module->globals.count("shared_name") == 1);
    CHECK(word_at(*module, module->globals.at("shared_name").address) == 5);
    REQUIRE(module->globals.count("hidden_name") == 1);
    CHECK(word_at(*module, module->globals.at("hidden_name").address) == 6);
    CHECK(module->globals.at("of_thread").type == STT_TLS);
    CHECK(module->globals.count("_ZL3own") == 0);
  }
}

TEST_CASE("a stripped module is refused with E_STRIPPED, and what is no module with E_ELF") {
  Space space;
  space.compile(toolchains()[0], "a.cc", "int main() {}", "a.o");
  space.run("g++ a.o -o program && strip program");
  CHECK(read_module(space.path("program")).error().code == "E_STRIPPED");
  for (const std::string name : {"a.o", "a.cc", "log", ".", "missing"}) {
    CAPTURE(name);
    CHECK(read_module(space.path(name)).error().code == "E_ELF");
  }
}
