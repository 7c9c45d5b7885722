// Objects of 32-bit x86 are read as those of x86-64 are: addends taken from the code, so that it can be compared.
#include <random>

#include "../../../test/elf/compiled_objects.h"
#include "bytes.h"
#include "got_register.h"
#include "relocation.h"

using namespace hotreload;
using namespace hotreload_test;

namespace {

std::shared_ptr<const Entities> narrow(Space* space, const Toolchain& toolchain, const std::string& text, const std::string& name,
                                       const std::string& flags) {
  auto object = read_object(space->compile(toolchain, "unit.c", text, name, "-m32 -fpatchable-function-entry=0 " + flags),
                            Machines::kAll);
  if (!object) FAIL(object.error().message);
  return Entities::of(object.value());
}

const Entity& function_of(const Entities& entities, const std::string& name) {
  const Entity* found = entities.find(name);
  REQUIRE(found);
  return *found;
}

const char* const source = R"(
  extern int puts(const char *);
  static int numbers[8] = {1, 2, 3}, more[8] = {4};
  int first(int n) { return numbers[n] + numbers[5] + more[2]; }
  int second(int n) { numbers[3] = n; more[1]++; return puts("second"); }
  const char *third(int n) { return n > 3 ? "some" : "none"; }
)";

}  // namespace

TEST_CASE("32-bit x86: every type that a compiler emits is known, and none is taken for one of x86-64") {
  for (const uint32_t type : {R_386_NONE, R_386_32, R_386_PC32, R_386_GOT32, R_386_PLT32, R_386_GOTOFF, R_386_GOTPC, R_386_TLS_IE,
                              R_386_TLS_GOTIE, R_386_TLS_LE, R_386_TLS_GD, R_386_TLS_LDM, R_386_TLS_LDO_32, R_386_TLS_GOTDESC,
                              R_386_TLS_DESC_CALL, R_386_SIZE32, R_386_GOT32X}) {
    CAPTURE(type);
    CHECK(reference_of(x86_type(type)) != Reference::kUnknown);
    CHECK(elf_type(x86_type(type)) == type);
    CHECK(site_size(x86_type(type)) == (type == R_386_NONE || type == R_386_TLS_DESC_CALL ? 0 : 4));
  }
  // What only linked files have, what is for 8 and 16 bits, and the thread-locals of another system.
  for (const uint32_t type : {R_386_COPY, R_386_GLOB_DAT, R_386_JMP_SLOT, R_386_RELATIVE, R_386_8, R_386_PC16, R_386_TLS_LE_32,
                              R_386_TLS_IE_32, R_386_IRELATIVE, R_386_NUM}) {
    CAPTURE(type);
    CHECK(reference_of(x86_type(type)) == Reference::kUnknown);
  }
  CHECK(reference_of(R_386_GOTOFF) == Reference::kGot);  // number 9 is R_X86_64_GOTPCREL
  CHECK(is_pc_relative(x86_type(R_386_PLT32)));
  CHECK_FALSE(is_pc_relative(x86_type(R_386_GOT32X)));
}

TEST_CASE("32-bit x86: reloads refuse its objects") {
  Space space;
  const auto refused = read_object(space.compile(toolchains()[0], "unit.c", source, "unit.o", "-m32"));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message == "is not for x86-64");
}

TEST_CASE("32-bit x86: addends are taken from the code, and what is not edited is the same wherever its data lies") {
  for (const Toolchain& toolchain : toolchains()) {
    for (const char* form : {"-fno-pic", "-fPIC", "-fPIC -fno-data-sections -fno-function-sections"}) {
      INFO(toolchain.name << " " << form);
      Space space;
      const auto before = narrow(&space, toolchain, source, "before.o", form);
      CHECK(diff_entities(before, before).empty());
      const std::string moved = edit(source, "puts(\"second\")", "puts(\"another second\") + more[3]");
      const Diff diff = diff_entities(before, narrow(&space, toolchain, moved, "moved.o", form));
      INFO(text_of(diff));
      CHECK(diff.changed_functions == Names{"second"});
      CHECK(diff.refusals.empty());
      const Section& code = before->object().sections[function_of(*before, "first").section];
      bool into_array = false;
      for (const Relocation& relocation : code.relocations) {
        int32_t left = -1;
        CHECK(load(code.bytes, relocation.offset, &left));
        CHECK(left == 0);
        const Target target = before->target_of(function_of(*before, "first").section, relocation);
        into_array = into_array || (target.form == Target::Form::kEntity && target.entity->name == "numbers" && target.offset == 20);
      }
      CHECK(into_array);
    }
  }
}

TEST_CASE("32-bit x86: a register that holds the address of the GOT is told from one to which something was added") {
  Space space;
  const auto entities = narrow(&space, toolchains()[0], R"(
    static int data[4] = {1};
    int use(void) { return data[0]; }
    __asm__(".text\n"
      ".globl plain\n.type plain,@function\nplain: call 1f\n1: pop %eax\n add $_GLOBAL_OFFSET_TABLE_+1,%eax\n mov data@GOTOFF(%eax),%ecx\n ret\n.size plain,.-plain\n"
      ".globl moved\n.type moved,@function\nmoved: call 1f\n1: pop %eax\n add $_GLOBAL_OFFSET_TABLE_+1,%eax\n lea (%eax,%edx,4),%eax\n mov data@GOTOFF(%eax),%ecx\n ret\n.size moved,.-moved\n"
      ".globl indexed\n.type indexed,@function\nindexed: call 1f\n1: pop %eax\n add $_GLOBAL_OFFSET_TABLE_+1,%eax\n mov data@GOTOFF(%eax,%edx,4),%ecx\n ret\n.size indexed,.-indexed\n"
      ".globl taken\n.type taken,@function\ntaken: call 1f\n1: pop %eax\n add $_GLOBAL_OFFSET_TABLE_+1,%eax\n lea data@GOTOFF(%eax),%eax\n ret\n.size taken,.-taken\n"
      ".globl called\n.type called,@function\ncalled: call 1f\n1: pop %eax\n add $_GLOBAL_OFFSET_TABLE_+1,%eax\n call use\n mov data@GOTOFF(%eax),%ecx\n ret\n.size called,.-called\n"
      ".globl kept\n.type kept,@function\nkept: push %ebx\n call 1f\n1: pop %ebx\n add $_GLOBAL_OFFSET_TABLE_+1,%ebx\n test %eax,%eax\n je 2f\n call use\n jmp 3f\n2: mov data@GOTOFF(%ebx),%ecx\n3: pop %ebx\n ret\n.size kept,.-kept\n"
      ".globl spilled\n.type spilled,@function\nspilled: push %ebp\n mov %esp,%ebp\n sub $8,%esp\n call 1f\n1: pop %eax\n add $_GLOBAL_OFFSET_TABLE_+1,%eax\n mov %eax,-4(%ebp)\n call use\n mov -4(%ebp),%eax\n mov data@GOTOFF(%eax),%ecx\n leave\n ret\n.size spilled,.-spilled\n"
      ".globl reused\n.type reused,@function\nreused: push %ebp\n mov %esp,%ebp\n sub $8,%esp\n call 1f\n1: pop %eax\n add $_GLOBAL_OFFSET_TABLE_+1,%eax\n mov %eax,-4(%ebp)\n mov %edx,-4(%ebp)\n mov -4(%ebp),%eax\n mov data@GOTOFF(%eax),%ecx\n leave\n ret\n.size reused,.-reused\n");
  )", "unit.o", "-fPIC -fno-pie");
  const auto counts = [&](const std::string& name) {
    const Entity& function = function_of(*entities, name);
    for (const Relocation& relocation : entities->object().sections[function.section].relocations) {
      const bool inside = relocation.offset >= function.offset && relocation.offset < function.offset + function.size;
      if (!inside || reference_of(relocation.type) != Reference::kGotDistance) continue;
      return counts_from_got(entities->object(), function, relocation.offset);
    }
    FAIL("no relocation in " << name);
    return false;
  };
  for (const char* name : {"plain", "kept", "spilled"}) CHECK_MESSAGE(counts(name), name);
  for (const char* name : {"moved", "indexed", "taken", "called", "reused"}) CHECK_FALSE_MESSAGE(counts(name), name);
}

TEST_CASE("32-bit x86: an object with faults is refused with a code or used safely") {
  Space space;
  const auto whole = narrow(&space, toolchains()[1], source, "unit.o", "-fPIC");
  const std::string bytes = read_file(space.path("unit.o")).value();
  std::mt19937 random(5);
  Elf32_Ehdr header{};
  REQUIRE(load(bytes, 0, &header));
  int refused = 0;
  for (int i = 0; i < 1500; i++) {
    std::string broken = bytes;
    const uint64_t start = i % 3 == 0 ? 0 : i % 3 == 1 ? header.e_shoff : sizeof header;
    const uint64_t size = i % 3 == 0 ? sizeof header : bytes.size() - start;
    broken[start + random() % size] = char(random());
    const auto object = read_object(space.write("broken.o", broken), Machines::kAll);
    if (!object) {
      refused++;
      const bool known = object.error().code == "E_ELF" || object.error().code == "E_RELOCATION";
      CHECK_MESSAGE(known, object.error().code);
      continue;
    }
    const auto entities = Entities::of(object.value());
    diff_entities(whole, entities);
    for (uint32_t s = 0; s < object.value()->sections.size(); s++) {
      for (const Relocation& relocation : object.value()->sections[s].relocations) {
        const Entity* function = entities->at(s, int64_t(relocation.offset));
        if (function) counts_from_got(*object.value(), *function, relocation.offset);
      }
    }
  }
  CHECK(refused > 100);
}
