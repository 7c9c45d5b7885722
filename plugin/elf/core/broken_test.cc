// Broken files: whatever a byte of them says, the core answers with a code or with a value, and stays inside the file.
// Meant to be run with -fsanitize=address,undefined as well.
#include <map>
#include <random>

#include "../../../test/elf/compiled_objects.h"
#include "bytes.h"
#include "layout.h"
#include "locate.h"
#include "object_writer.h"

using namespace hotreload;
using namespace hotreload_test;

namespace {

const char* const source = R"(
  struct Error { int code; }; void consume(const void*); extern int elsewhere[4];
  struct Base { virtual ~Base(); virtual int run(int); int n = 0; }; Base::~Base() {} int Base::run(int x) { return x + n; }
  static int counter = 7; static thread_local int mine = 3; static int zero[100]; static const char* const names[] = {"a", "b", "c"};
  inline int shared(int x) { static int calls; return x + ++calls; }
  int choose(int x) {
    switch (x) { case 0: return ++counter; case 1: consume("one"); return 1; case 2: consume(names[1]); return 4; case 3: return shared(3); case 4: return ++mine; case 5: return zero[x]++; }
    try { consume(&x); } catch (const Error& e) { return e.code; }
    return int(x * 2.5f) + elsewhere[1];
  }
  int main() { return choose(3); }
)";

/// Places in a file that are worth a fault: all of its headers, and the tables that they lead to.
std::vector<uint64_t> places_of(const std::string& bytes) {
  std::vector<uint64_t> places;
  const auto add = [&](uint64_t start, uint64_t size) {
    for (uint64_t at = start; at < start + size && at < bytes.size(); at++) places.push_back(at);
  };
  Elf64_Ehdr header{};
  REQUIRE(load(bytes, 0, &header));
  add(0, sizeof header);
  add(header.e_phoff, uint64_t(header.e_phnum) * sizeof(Elf64_Phdr));
  add(header.e_shoff, uint64_t(header.e_shnum) * sizeof(Elf64_Shdr));
  for (uint32_t i = 0; i < header.e_shnum; i++) {
    Elf64_Shdr section{};
    REQUIRE(load(bytes, header.e_shoff + i * sizeof section, &section));
    const bool loaded_relocations = section.sh_type == SHT_RELA;
    if (section.sh_type == SHT_SYMTAB || section.sh_type == SHT_GROUP || section.sh_type == SHT_NOTE ||
        section.sh_type == SHT_DYNAMIC || loaded_relocations) {
      add(section.sh_offset, std::min<uint64_t>(section.sh_size, 2400));
    }
  }
  return places;
}

/// Calls `take` with files that have one fault each; the same in every run.
template <typename F>
void for_each_fault(const std::string& bytes, size_t count, F take) {
  std::mt19937 random(20240611);
  const std::vector<uint64_t> places = places_of(bytes);
  const uint8_t bad[] = {0, 1, 0x7f, 0x80, 0xff};
  const auto fault_at = [&](uint64_t place) {
    std::string broken = bytes;
    const uint32_t choice = random() % 8;
    broken[place] = char(choice < 5 ? bad[choice] : random());
    take(broken);
  };
  for (size_t i = 0; i < std::min(count, places.size()); i++) {
    fault_at(places.size() <= count ? places[i] : places[random() % places.size()]);
  }
}

/// Everything that is done with objects that were read.
void use(const std::shared_ptr<const Object>& broken, const std::shared_ptr<const Entities>& whole) {
  const auto entities = Entities::of(broken);
  diff_entities(whole, entities);
  diff_entities(entities, whole);
  diff_entities(entities, entities);
  ObjectCopy copy(*broken);
  for (uint32_t s = 0; s < broken->sections.size(); s++) {
    broken->group_signature(s);
    const Section& section = broken->sections[s];
    if (section.loaded()) copy.add_symbol({"marker", s, 0, STT_NOTYPE});
    for (const Relocation& relocation : section.relocations) {
      entities->target_of(s, relocation);
      copy.redirect(relocation, R_X86_64_PC32, relocation.symbol, relocation.addend);
    }
    if (section.name.substr(0, 5) == ".init") copy.exclude(s);
  }
  const auto written = copy.finish();
  CHECK(bool(written));
}

}  // namespace

TEST_CASE("an object with a fault in any of its headers is refused with a code or used safely") {
  for (const Toolchain& toolchain : toolchains()) {
    Space space;
    const std::string path = space.compile(toolchain, "unit.cc", source, "unit.o");
    const std::string bytes = read_file(path).value();
    const auto whole = entities(path);
    std::map<std::string, int> outcomes;
    for_each_fault(bytes, 2500, [&](const std::string& broken) {
      const auto object = read_object(space.write("broken.o", broken));
      outcomes[object ? "read" : object.error().code]++;
      if (object) use(object.value(), whole);
      if (!object) CHECK(object.error().file == space.path("broken.o"));
    });
    for (const auto& [code, count] : outcomes) {
      const bool known = code == "read" || code == "E_ELF" || code == "E_RELOCATION";
      CHECK_MESSAGE(known, code);
    }
    CHECK(outcomes["E_ELF"] > 100);
    CHECK(outcomes["E_RELOCATION"] > 0);
  }
}

TEST_CASE("an object with several faults at once is refused with a code or used safely") {
  Space space;
  const std::string path = space.compile(toolchains()[1], "unit.cc", source, "unit.o");
  const std::string bytes = read_file(path).value();
  const auto whole = entities(path);
  std::mt19937 random(7);
  for (int i = 0; i < 1500; i++) {
    std::string broken = bytes;
    const std::vector<uint64_t> places = places_of(bytes);
    for (uint32_t faults = 2 + random() % 4; faults > 0; faults--) broken[places[random() % places.size()]] = char(random());
    const auto object = read_object(space.write("broken.o", broken));
    if (object) use(object.value(), whole);
  }
}

TEST_CASE("a module with a fault in any of its headers is refused with a code or used safely") {
  for (const Toolchain& toolchain : {toolchains()[0], toolchains()[3]}) {
    Space space;
    const std::string path = space.compile(toolchain, "unit.cc", source, "unit.o");
    space.compile(toolchain, "other.cc", "int elsewhere[4]; void consume(const void*) {}", "other.o");
    space.run(toolchain.cxx + " unit.o other.o -Wl,--build-id -o program");
    const std::string bytes = read_file(space.path("program")).value();
    const auto original = entities(path);
    for_each_fault(bytes, 2500, [&](const std::string& broken) {
      const auto module = read_module(space.write("broken", broken));
      if (!module) {
        const std::string& code = module.error().code;
        const bool known = code == "E_ELF" || code == "E_STRIPPED";
        CHECK_MESSAGE(known, code);
        return;
      }
      const auto located = locate_locals(*module.value(), *original);
      if (!located) CHECK(located.error().code == "E_LOCATE");
      module.value()->at(~uint64_t(0) - 2, 8);
      module.value()->thread_pointer_offset(8);
    });
  }
}

TEST_CASE("debug information with a fault is compared or refused with E_ELF") {
  for (const Toolchain& toolchain : {toolchains()[1], toolchains()[2]}) {
    Space space;
    const std::string path = space.compile(toolchain, "unit.cc", source, "unit.o");
    const auto object = read(path);
    std::mt19937 random(11);
    for (const Section& section : object->sections) {
      if (section.name.substr(0, 7) != ".debug_" || section.bytes.empty()) continue;
      const size_t start = size_t(section.bytes.data() - object->bytes.data());
      for (int i = 0; i < 40; i++) {
        std::string bytes = object->bytes;
        bytes[start + random() % section.bytes.size()] = char(random());
        const auto result = compare_layouts(path, space.write("broken.o", bytes));
        if (!result) CHECK(result.error().code == "E_ELF");
      }
    }
  }
}
