// Objects are read as they are, written objects are read back the same, and broken ones are refused with a code.
#include "object.h"

#include "../../../test/elf/compiled_objects.h"
#include "bytes.h"
#include "object_writer.h"

using namespace hotreload;
using namespace hotreload_test;

namespace {

const Section* section_of(const Object& object, std::string_view name) {
  for (const Section& section : object.sections) {
    if (section.name == name) return &section;
  }
  return nullptr;
}

const Symbol* symbol_of(const Object& object, std::string_view name) {
  for (const Symbol& symbol : object.symbols) {
    if (symbol.name == name) return &symbol;
  }
  return nullptr;
}

std::string contents(const std::string& path) { return read_file(path).value(); }

Error error_of(const Space& space, const std::string& bytes) {
  const auto result = read_object(space.write("broken.o", bytes));
  REQUIRE_FALSE(result);
  return result.error();
}

Elf64_Ehdr header_of(const std::string& bytes) {
  Elf64_Ehdr header{};
  REQUIRE(load(bytes, 0, &header));
  return header;
}

/// Place in the file of the first section header that `fits`.
template <typename F>
uint64_t header_place(const std::string& bytes, F fits) {
  const Elf64_Ehdr header = header_of(bytes);
  for (uint32_t i = 0; i < header.e_shnum; i++) {
    Elf64_Shdr section{};
    const uint64_t place = header.e_shoff + i * sizeof section;
    REQUIRE(load(bytes, place, &section));
    if (fits(section)) return place;
  }
  FAIL("no such section");
  return 0;
}

const char* const source = R"(
  int counter = 7;
  static thread_local int mine = 3;
  int f(int x) { return counter + x + ++mine; }
  inline int g() { return f(2); }
  int (*pointer)() = g;
)";

}  // namespace

TEST_CASE("a compiler's object is read with its sections, symbols, relocations and groups") {
  Space space;
  for (const Toolchain& toolchain : toolchains()) {
    CAPTURE(toolchain.name);
    const auto object = read(space.compile(toolchain, "unit.cc", source, "unit.o"));
    CHECK(object->source_name == "unit.cc");
    const Symbol* f = symbol_of(*object, "_Z1fi");
    REQUIRE(f);
    CHECK(f->type == STT_FUNC);
    CHECK(f->binding == STB_GLOBAL);
    CHECK(object->sections[f->section].name == ".text._Z1fi");
    CHECK(object->sections[f->section].executable());
    const Symbol* counter = symbol_of(*object, "counter");
    REQUIRE(counter);
    CHECK(object->sections[counter->section].writable());
    const Symbol* g = symbol_of(*object, "_Z1gv");
    REQUIRE(g);
    CHECK(g->binding == STB_WEAK);
    CHECK(object->group_signature(g->section) == "_Z1gv");
    CHECK(object->group_signature(f->section) == "");
    const Section* data = section_of(*object, ".data.pointer");
    if (!data) data = section_of(*object, ".data.rel.pointer");
    if (!data) data = section_of(*object, ".data.rel.local.pointer");
    REQUIRE(data);
    REQUIRE(data->relocations.size() == 1);
    CHECK(data->relocations[0].type == R_X86_64_64);
    CHECK(object->symbols[data->relocations[0].symbol].name == "_Z1gv");
  }
}

TEST_CASE("what is read-only once it is relocated is not writable") {
  Space space;
  const char* text = "extern int x; extern int* const table[]; int* const table[] = {&x}; int* live[] = {&x};";
  for (const Toolchain& toolchain : toolchains()) {
    CAPTURE(toolchain.name);
    const auto object = read(space.compile(toolchain, "unit.cc", text, "unit.o"));
    CHECK_FALSE(object->sections[symbol_of(*object, "table")->section].writable());
    CHECK(object->sections[symbol_of(*object, "live")->section].writable());
  }
}

TEST_CASE("an object that is written is read back the same") {
  Space space;
  const std::string bytes = write_object({{".data.table", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, 8, std::string(24, 'x'), 0},
                                          {".text.stub", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, 16, "\x90\xc3", 0},
                                          {".bss.slots", SHT_NOBITS, SHF_ALLOC | SHF_WRITE, 16, "", 4096}},
                                         {{"table", 1, 8, 16, STT_OBJECT, STV_DEFAULT},
                                          {"stub", 2, 1, 1, STT_FUNC, STV_HIDDEN},
                                          {"slot", 3, 32, 16, STT_OBJECT, STV_HIDDEN},
                                          {"elsewhere", SHN_UNDEF, 0, 0, STT_NOTYPE, STV_DEFAULT}},
                                         {{0, 1, 0}, {16, 3, -8}});
  const auto object = read(space.write("written.o", bytes));
  const Section* table = section_of(*object, ".data.table");
  REQUIRE(table);
  CHECK(table->bytes == std::string(24, 'x'));
  CHECK(table->alignment == 8);
  CHECK(table->writable());
  REQUIRE(table->relocations.size() == 2);
  CHECK(table->relocations[0].type == R_X86_64_64);
  CHECK(object->symbols[table->relocations[0].symbol].name == "stub");
  CHECK(table->relocations[1].offset == 16);
  CHECK(table->relocations[1].addend == -8);
  CHECK(object->symbols[table->relocations[1].symbol].name == "elsewhere");
  CHECK_FALSE(object->symbols[table->relocations[1].symbol].defined());
  const Section* stub = section_of(*object, ".text.stub");
  REQUIRE(stub);
  CHECK(stub->bytes == "\x90\xc3");
  CHECK(stub->executable());
  const Section* slots = section_of(*object, ".bss.slots");
  REQUIRE(slots);
  CHECK(slots->size == 4096);
  CHECK(slots->bytes.empty());
  const Symbol* slot = symbol_of(*object, "slot");
  REQUIRE(slot);
  CHECK(slot->value == 32);
  CHECK(slot->size == 16);
  CHECK(slot->visibility == STV_HIDDEN);
  CHECK(&object->sections[slot->section] == slots);
}

TEST_CASE("linkers accept an object that is written") {
  Space space;
  const std::string bytes =
      write_object({{".data.table", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, 8, std::string(16, '\0'), 0},
                    {".tbss.slots", SHT_NOBITS, SHF_ALLOC | SHF_WRITE | SHF_TLS, 16, "", 32}},
                   {{"table", 1, 0, 16, STT_OBJECT, STV_DEFAULT}, {"slot", 2, 16, 16, STT_TLS, STV_HIDDEN}}, {{8, 0, 4}});
  space.write("written.o", bytes);
  for (const std::string linker : {"ld.bfd", "ld.lld", "mold"}) {
    CAPTURE(linker);
    space.run(linker + " -shared written.o -o written.so");
  }
}

TEST_CASE("a copy without edits says the same as the original") {
  Space space;
  for (const Toolchain& toolchain : toolchains()) {
    CAPTURE(toolchain.name);
    const auto original = read(space.compile(toolchain, "unit.cc", source, "unit.o"));
    auto bytes = ObjectCopy(*original).finish();
    REQUIRE(bytes);
    const auto copy = read(space.write("copy.o", bytes.value()));
    REQUIRE(copy->sections.size() == original->sections.size());
    REQUIRE(copy->symbols.size() == original->symbols.size());
    for (size_t i = 0; i < copy->sections.size(); i++) {
      CHECK(copy->sections[i].name == original->sections[i].name);
      CHECK(copy->sections[i].bytes == original->sections[i].bytes);
      CHECK(copy->sections[i].relocations.size() == original->sections[i].relocations.size());
    }
    CHECK(diff_entities(Entities::of(original), Entities::of(copy)).empty());
  }
}

TEST_CASE("a copy has the symbols, relocations and exclusions that were asked for") {
  Space space;
  for (const Toolchain& toolchain : toolchains()) {
    CAPTURE(toolchain.name);
    const auto original = read(space.compile(toolchain, "unit.cc", source, "unit.o"));
    const uint32_t text = symbol_of(*original, "_Z1fi")->section, data = symbol_of(*original, "counter")->section;
    ObjectCopy edited(*original);
    const uint32_t marker = edited.add_symbol({"marker", text, 3, STT_NOTYPE});
    const uint32_t slot = edited.add_symbol({"slot", SHN_UNDEF, 0, STT_TLS});
    const Relocation& first = original->sections[text].relocations.front();
    edited.redirect(first, R_X86_64_GOTPCREL, slot, -6);
    edited.exclude(data);
    auto bytes = edited.finish();
    REQUIRE(bytes);
    const auto copy = read(space.write("copy.o", bytes.value()));
    CHECK(copy->symbols[marker].name == "marker");
    CHECK(copy->symbols[marker].section == text);
    CHECK(copy->symbols[marker].value == 3);
    CHECK(copy->symbols[marker].visibility == STV_HIDDEN);
    CHECK(copy->symbols[slot].type == STT_TLS);
    CHECK_FALSE(copy->symbols[slot].defined());
    const Relocation& turned = copy->sections[text].relocations.front();
    CHECK(turned.offset == first.offset);
    CHECK(turned.type == R_X86_64_GOTPCREL);
    CHECK(turned.symbol == slot);
    CHECK(turned.addend == -6);
    CHECK_FALSE(copy->sections[data].loaded());
  }
}

TEST_CASE("an object with more sections than a short index can name is read, compared and copied") {
  Space space;
  std::string text;
  for (int i = 0; i < 33000; i++) text += "int v" + std::to_string(i) + "=" + std::to_string(i) + ";\n";
  // Without debug information, which would take long; 66,000 symbols and their sections are the point.
  for (int i = 0; i < 33000; i++) text += "int w" + std::to_string(i) + "=" + std::to_string(i + 1) + ";\n";
  const Toolchain plain{"gcc", "gcc", "g++", "-O0 -fdata-sections -w"};
  const auto object = read(space.compile(plain, "many.c", text, "many.o"));
  REQUIRE(object->sections.size() > 65536);
  const Symbol* last = symbol_of(*object, "w32999");
  REQUIRE(last);
  CHECK(object->sections[last->section].name == ".data.w32999");
  auto bytes = ObjectCopy(*object).finish();
  REQUIRE(bytes);
  CHECK(diff_entities(Entities::of(object), entities(space.write("copy.o", bytes.value()))).empty());
  ObjectCopy edited(*object);
  edited.add_symbol({"marker", last->section, 0, STT_NOTYPE});
  auto refused = edited.finish();
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == "E_ELF");
}

TEST_CASE("what is no relocatable object for x86-64 is refused with E_ELF") {
  Space space;
  const std::string object = contents(space.compile(toolchains()[0], "unit.cc", source, "unit.o"));
  for (const std::string& bytes : {std::string(), std::string("\x7f" "ELF"), std::string("int main() {}\n"),
                                   std::string("!<arch>\n"), std::string(4096, '\0'), object.substr(0, 64)}) {
    CHECK(error_of(space, bytes).code == "E_ELF");
  }
  space.run("gcc -shared -o unit.so unit.o");
  CHECK(error_of(space, contents(space.path("unit.so"))).message == "is not a relocatable object");
  std::string other = object;
  other[EI_CLASS] = ELFCLASS32;
  CHECK(error_of(space, other).code == "E_ELF");
  other = object;
  other[offsetof(Elf64_Ehdr, e_machine)] = EM_AARCH64;
  CHECK(error_of(space, other).message == "is not for x86-64");
  CHECK(read_object(space.root()).error().code == "E_ELF");
  CHECK(read_object(space.path("no such file")).error().code == "E_ELF");
}

TEST_CASE("an index that leads nowhere is refused with E_ELF") {
  Space space;
  const std::string object = contents(space.compile(toolchains()[0], "unit.cc", source, "unit.o"));
  const uint64_t symbols = header_place(object, [](const Elf64_Shdr& s) { return s.sh_type == SHT_SYMTAB; });
  const uint64_t relocations = header_place(object, [](const Elf64_Shdr& s) { return s.sh_type == SHT_RELA; });
  Elf64_Shdr symbol_table{}, relocation_table{};
  load(object, symbols, &symbol_table);
  load(object, relocations, &relocation_table);

  struct Fault {
    const char* what;
    uint64_t place;
    uint64_t value;
    size_t size;
  };
  const uint64_t last_symbol = symbol_table.sh_offset + symbol_table.sh_size - sizeof(Elf64_Sym);
  const std::vector<Fault> faults{
      {"section beyond the end", symbols + offsetof(Elf64_Shdr, sh_offset), object.size(), 8},
      {"section of a wrapping size", symbols + offsetof(Elf64_Shdr, sh_size), ~uint64_t(0) - 8, 8},
      {"symbols of another size", symbols + offsetof(Elf64_Shdr, sh_entsize), 16, 8},
      {"names that are no table", symbols + offsetof(Elf64_Shdr, sh_link), 0xffff, 4},
      {"symbol without a name", last_symbol + offsetof(Elf64_Sym, st_name), 0x7fffffff, 4},
      {"symbol outside its section", last_symbol + offsetof(Elf64_Sym, st_value), uint64_t(1) << 40, 8},
      {"symbol in no section", last_symbol + offsetof(Elf64_Sym, st_shndx), 0xfe00, 2},
      {"relocations of another size", relocations + offsetof(Elf64_Shdr, sh_entsize), 16, 8},
      {"relocations of no section", relocations + offsetof(Elf64_Shdr, sh_info), 0xffff, 4},
      {"relocation outside its section", relocation_table.sh_offset, uint64_t(1) << 40, 8},
      {"relocation that wraps", relocation_table.sh_offset, ~uint64_t(0) - 1, 8},
      {"relocation without a symbol", relocation_table.sh_offset + 12, 0xffffff, 4},
  };
  for (const Fault& fault : faults) {
    CAPTURE(fault.what);
    std::string bytes = object;
    std::memcpy(&bytes[fault.place], &fault.value, fault.size);
    CHECK(error_of(space, bytes).code == "E_ELF");
  }
}

TEST_CASE("an unknown relocation is an error that names file, section and offset") {
  Space space;
  std::string object = contents(space.compile(toolchains()[0], "unit.cc", source, "unit.o"));
  const auto read_first = read(space.path("unit.o"));
  const Section& text = read_first->sections[symbol_of(*read_first, "_Z1fi")->section];
  const Relocation& relocation = text.relocations.front();
  const uint32_t unknown = 99;
  std::memcpy(&object[relocation.place + offsetof(Elf64_Rela, r_info)], &unknown, sizeof unknown);
  const Error error = error_of(space, object);
  CHECK(error.code == "E_RELOCATION");
  CHECK(error.file == space.path("broken.o"));
  char offset[32];
  snprintf(offset, sizeof offset, "0x%llx", static_cast<unsigned long long>(relocation.offset));
  CHECK(error.message == "unknown relocation type 99 at .text._Z1fi+" + std::string(offset));
}

TEST_CASE("an object cut off anywhere is refused or read, and never read beyond its end") {
  Space space;
  const std::string object = contents(space.compile(toolchains()[3], "unit.cc", source, "unit.o"));
  for (size_t size = 0; size < object.size(); size += 97) {
    const auto result = read_object(space.write("cut.o", object.substr(0, size)));
    CAPTURE(size);
    REQUIRE_FALSE(result);
    CHECK(result.error().code == "E_ELF");
  }
}

TEST_CASE("an immediate operand does not make a reference one to the variable before") {
  const std::string text = R"(
    __asm__(".bss\n.type first,@object\n.size first,4\nfirst: .zero 4\n.type second,@object\n.size second,4\nsecond: .zero 4\n"
            ".text\n.globl f\n.type f,@function\nf:\naddl $1,second(%rip)\nmovl $7,second(%rip)\nmovw $7,second(%rip)\n"
            "movl second(%rip),%eax\nret\n.size f,.-f\n");
  )";
  for (const Toolchain& toolchain : toolchains()) {
    Space space;
    const auto entities = hotreload_test::entities(space.compile(toolchain, "unit.cc", text, "unit.o"));
    const Entity* function = entities->find("f");
    REQUIRE(function);
    const auto& relocations = entities->object().sections[function->section].relocations;
    REQUIRE(relocations.size() == 4);
    for (const Relocation& relocation : relocations) {
      const Target target = entities->target_of(function->section, relocation);
      INFO(toolchain.name << " " << relocation.offset);
      REQUIRE(target.form == Target::Form::kEntity);
      CHECK(target.entity->name == "second");
    }
  }
}

TEST_CASE("a place behind the end of a variable, or before its start, is a place of that variable") {
  const std::string text = R"(
    static long numbers[3]; static const long constants[3] = {4, 5, 6};
    long f() { long sum = 0; for (long& number : numbers) sum += ++number; return sum; }
    long g(long x) { long sum = 0; for (const long& number : constants) sum += number * x; return sum; }
    long* before() { return numbers - 2; } long* behind() { return numbers + 3; }
  )";
  for (const Toolchain& toolchain : toolchains()) {
    Space space;
    const auto entities = hotreload_test::entities(space.compile(toolchain, "unit.cc", text, "unit.o"));
    for (uint32_t index = 0; index < entities->object().sections.size(); index++) {
      const Section& section = entities->object().sections[index];
      if (!section.executable()) continue;
      for (const Relocation& relocation : section.relocations) {
        const Target target = entities->target_of(index, relocation);
        if (target.form == Target::Form::kExternal) continue;
        INFO(toolchain.name << " " << section.name << "+" << relocation.offset);
        CHECK((target.form == Target::Form::kEntity || target.form == Target::Form::kNothing));
      }
    }
  }
}
