// 32-bit x86 programs (-m32), where they are other than 64-bit ones: relocations, the GOT, arguments in registers.
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { readPatchFile } from "../../plugin/production/patch_file.js";
import { fix, hotreload, patchesOf, undo, type Workshop, withWorkshop } from "./plain_program.js";

/** A function each for what code refers to in ways of its own. */
const functions = (version: 1 | 2): string => {
  const fixed = version === 2;
  return `
#include <errno.h>
#include <stdio.h>
#include <string.h>
${fixed ? "int added = 40; static int *to_added = &added; static int times; int fresh(int n) { return *to_added + n; }" : ""}
static int requests;
int weight = 3;
const char *label = "many";
static __thread int mine = 5;
#define apart __attribute__((noipa))
apart int rate(int customer) { requests++; return customer * weight + ${fixed ? "fresh(customer)" : "5"}; }
apart const char *word(int n) {
  switch (n) { case 0: return "zero"; case 1: return "one"; case 2: return "two"; case 3: return "${fixed ? "drei" : "three"}"; case 4: return "four"; default: return label; }
}
apart double half(double x) { mine++; return x / ${fixed ? "2" : "4"}; }
apart unsigned long long large(unsigned n) { return ((unsigned long long)weight << 32) + ${fixed ? 2 : 1} * n; }
apart int length(char *text) { ${fixed ? "times++; " : ""}return (int)strlen(strcpy(text, label)) + ${fixed ? "100 * (times > 0)" : "0"}; }
apart int (*chosen(void))(int) { return rate; }
`;
};
const main = `
#include <unistd.h>
int main(void) {
  char text[16];
  for (;;) {
    int before = requests;
    errno = 33;
    int same = chosen() == rate;
    printf("rate %d %s %g %llx length %d", rate(3), word(3), half(3), large(5), length(text));
    printf(" steps %d %d %d errno %d\\n", requests - before, same, mine > 5, errno);
    fflush(stdout);
    usleep(2000);
  }
}
`;
const unfixed = "rate 14 three 0.75 300000005 length 4 steps 1 1 1 errno 33";
const fixedLine = "rate 52 drei 1.5 30000000a length 104 steps 1 1 1 errno 33";

for (const compiler of ["gcc", "clang"]) {
  for (const [optimise, form, link] of [
    ["-O0", "-fPIE", "-pie"],
    ["-O2", "-fPIE", "-pie"],
    ["-O0", "-fno-pie", "-no-pie"],
    ["-O2", "-fno-pie", "-no-pie"],
  ] as const) {
    test(`${compiler} ${optimise} ${form}: static, new and thread-local variables, switch tables, doubles, pointers to functions`, () =>
      withWorkshop(async (workshop) => {
        // clang has no noipa.
        const flags = [
          optimise,
          form,
          ...(compiler === "clang" ? ["-Dnoipa=noinline", "-Wno-unused-command-line-argument"] : []),
        ];
        workshop.write("program.c", functions(1) + main);
        workshop.compile(compiler, "program", ...flags, link, "program.c");
        workshop.write("fix.c", functions(2));
        const patch = workshop.gen(
          "program",
          "fix.hrp",
          workshop.object(compiler, "fix.o", ...flags, "-fdata-sections", "fix.c"),
        );
        const read = await readPatchFile(patch);
        assert.ok(read.ok);
        assert.is(read.value.manifest.bits, 32);
        const program = workshop.start("program");
        await program.waitForLine((line) => line === unfixed);
        for (let round = 0; round < 2; round++) {
          fix(program, patch);
          await program.waitForNewLine((line) => line === fixedLine);
          undo(program);
          await program.waitForNewLine((line) => line === unfixed);
        }
        const odd = program.lines.filter(
          (line) => line !== unfixed && line !== fixedLine && !/^rate (14|52) /.test(line),
        );
        assert.equal(odd, []);
      }, "-m32"));
  }
}

const reasonOf = (answer: ReturnType<typeof hotreload>) => {
  assert.is(answer.code, 1, JSON.stringify(answer));
  return { code: answer.lines[0]?.code, message: String(answer.lines[0]?.message) };
};

const gen = (workshop: Workshop, module: string, ...args: readonly string[]) =>
  hotreload("gen", "-m", workshop.path(module), "-o", workshop.path("x.hrp"), ...args);

test("objects, programs and processes of different architectures are not mixed", () =>
  withWorkshop(async (workshop) => {
    workshop.write(
      "program.c",
      `#include <unistd.h>\n__attribute__((noinline)) int answer(void) { __asm__ volatile(""); return 1; }\nint main(void) { for (;;) { answer(); pause(); } }`,
    );
    workshop.write("fix.c", "int answer(void) { return 2; }");
    for (const [name, flag] of [
      ["wide", "-m64"],
      ["narrow", "-m32"],
    ] as const) {
      workshop.compile("gcc", name, flag, "-O1", "program.c");
      workshop.object("gcc", `${name}.o`, flag, "-O1", "fix.c");
    }
    const mixed = reasonOf(gen(workshop, "wide", workshop.path("narrow.o")));
    assert.is(mixed.code, "E_ARCHITECTURE");
    assert.is(mixed.message, `is for 32-bit x86, and ${workshop.path("wide")} is for x86-64`);
    const reverse = reasonOf(gen(workshop, "narrow", workshop.path("wide.o")));
    assert.is(reverse.message, `is for x86-64, and ${workshop.path("narrow")} is for 32-bit x86`);

    const narrow = workshop.start("narrow");
    const wide = workshop.start("wide");
    const forWide = workshop.gen("wide", "wide.hrp", workshop.path("wide.o"));
    const forNarrow = workshop.gen("narrow", "narrow.hrp", workshop.path("narrow.o"));
    const wrong = reasonOf(hotreload("fix", `${narrow.pid}`, forWide));
    assert.is(wrong.code, "E_ARCHITECTURE");
    assert.is(wrong.message, `the patch is for a 64-bit program, and process ${narrow.pid} runs a 32-bit one`);
    assert.is(reasonOf(hotreload("fix", `${wide.pid}`, forNarrow)).code, "E_ARCHITECTURE");

    const EM_AARCH64 = 183;
    for (const name of ["wide", "wide.o"]) {
      const foreign = readFileSync(workshop.path(name));
      foreign.writeUInt16LE(EM_AARCH64, 18); // e_machine
      writeFileSync(workshop.path(`foreign-${name}`), foreign);
    }
    const module = reasonOf(gen(workshop, "foreign-wide", workshop.path("wide.o")));
    assert.is(module.code, "E_ARCHITECTURE");
    assert.match(module.message, /^is for another architecture \(ELF machine 183\)/);
    assert.match(
      reasonOf(gen(workshop, "wide", workshop.path("foreign-wide.o"))).message,
      /^is neither for x86-64 nor for 32-bit x86 \(ELF machine 183\)/,
    );
  }));

// gcc has the arguments of a static function in registers if it sees all of its calls.
const chosen = (body: string, attributes = "") => `
#include <stdio.h>
#include <unistd.h>
static __attribute__((noinline, noclone${attributes})) int part(int a, int b) { __asm__ volatile(""); return ${body}; }
__attribute__((noinline)) int whole(int n) { return part(n, 3) + 1; }
int main(void) { for (;;) { printf("whole %d\\n", whole(2)); fflush(stdout); usleep(2000); } }
`;

for (const [compiler, attributes] of [
  ["gcc", ""],
  ["clang", ""],
] as const) {
  test(`${compiler} -O2: static functions whose arguments are in registers, refused where a fix has them elsewhere`, () =>
    withWorkshop(async (workshop) => {
      const flags = ["-O2", ...(compiler === "clang" ? ["-Dnoclone=noinline"] : [])];
      workshop.write("program.c", chosen("a * 10 + b", attributes));
      workshop.compile(compiler, "program", ...flags, "program.c");
      const object = (source: string) => {
        workshop.write("fix.c", source);
        return workshop.object(compiler, "fix.o", ...flags, "fix.c");
      };
      const running = workshop.start("program");
      await running.waitForLine((line) => line === "whole 24");
      fix(running, workshop.gen("program", "same.hrp", object(chosen("a * 100 + b"))));
      await running.waitForNewLine((line) => line === "whole 204");
      undo(running);
      await running.waitForNewLine((line) => line === "whole 24");

      const keeps = "int (*keep)(int, int) = part;";
      const onStack = reasonOf(
        gen(workshop, "program", object(`static int part(int a, int b) { return a * 100 + b; } ${keeps}`)),
      );
      assert.is(onStack.code, "E_CALLER");
      assert.match(onStack.message, /^part is static, and the code of the fix takes its arguments from other places/);
      const declared = reasonOf(
        gen(workshop, "program", object("int part(int a, int b); int whole(int n) { return part(n, 5); }")),
      );
      assert.is(declared.code, "E_CALLER");
      assert.match(declared.message, /^part is static in the running module, and its compiler chose registers/);
      assert.is(await running.waitForNewLine(() => true), "whole 24");
    }, "-m32"));
}

test("gcc -O2: a caller that keeps values in registers which a static function left alone", () =>
  withWorkshop(async (workshop) => {
    const source = (body: string) => `
      #include <stdio.h>
      #include <unistd.h>
      int before;
      __attribute__((noinline, noclone)) int part(int n) { ${body} }
      __attribute__((noinline, noclone)) int twice(int a, int b) { return part(a) * 3 + part(b) * a + b; }
      int main(void) { for (;;) { printf("twice %d\\n", twice(2, 5)); fflush(stdout); usleep(2000); } }`;
    const flags = ["-O2", "-fno-pie", "-fomit-frame-pointer"];
    workshop.write("program.c", source('__asm__ volatile(""); before = n; return n;'));
    workshop.compile("gcc", "program", ...flags, "-no-pie", "program.c");
    workshop.write(
      "part.c",
      'extern int before; int part(int n) { __asm__ volatile("" ::: "ecx", "edx"); before = n; return 2 * n; }',
    );
    const alone = reasonOf(gen(workshop, "program", workshop.object("gcc", "part.o", ...flags, "part.c")));
    assert.is(alone.code, "E_CALLER");
    assert.match(alone.message, /^twice keeps values in registers while it calls part, .* \(-fipa-ra\)/);
    const running = workshop.start("program");
    await running.waitForLine((line) => line === "twice 21");
    workshop.write("both.c", source('__asm__ volatile("" ::: "ecx", "edx"); before = n; return 2 * n;'));
    fix(running, workshop.gen("program", "both.hrp", workshop.object("gcc", "both.o", ...flags, "both.c")));
    await running.waitForNewLine((line) => line === "twice 37");
    undo(running);
    await running.waitForNewLine((line) => line === "twice 21");
  }, "-m32"));

for (const form of ["-fPIE", "-fno-pie"]) {
  test(`gcc -O2 -g ${form}: an object compared with the old one: what changed is replaced, a changed layout is refused`, () =>
    withWorkshop(async (workshop) => {
      const source = (members: string, factor: number, line: string) => `
        #include <stdio.h>
        #include <unistd.h>
        struct Item { ${members} };
        static struct Item items[3] = {{1, 2}, {3, 4}, {5, 6}};
        static const char *const names[] = {"one", "two", "three"};
        __attribute__((noipa)) int sum(int n) { int s = 0; ${line} for (int i = 0; i < n; i++) s += items[i].price * ${factor}; return s; }
        __attribute__((noipa)) const char *name(int n) { return names[n]; }
        int main(void) { for (;;) { printf("sum %d %s\\n", sum(3), name(1)); fflush(stdout); usleep(2000); } }`;
      const flags = ["-O2", "-g", form];
      const object = (name: string, text: string) => {
        workshop.write("program.c", text);
        return workshop.object("gcc", name, ...flags, "program.c");
      };
      const before = object("program.o", source("int price, count;", 2, ""));
      workshop.compile("gcc", "program", form === "-fPIE" ? "-pie" : "-no-pie", "program.o");
      const running = workshop.start("program");
      await running.waitForLine((line) => line === "sum 18 two");
      assert.is(
        reasonOf(
          gen(workshop, "program", "--from", before, "--to", object("same.o", source("int price, count;", 2, "\n"))),
        ).code,
        "E_UNCHANGED",
      );
      const layout = reasonOf(
        gen(workshop, "program", "--from", before, "--to", object("layout.o", source("int count, price;", 2, ""))),
      );
      assert.is(layout.code, "E_LAYOUT");
      const after = object(
        "after.o",
        source("int price, count;", 3, 'static int calls; calls++; if (calls == 0) puts("never");'),
      );
      fix(running, workshop.gen("program", "sum.hrp", "--from", before, "--to", after));
      await running.waitForNewLine((line) => line === "sum 27 two");
      assert.equal(patchesOf(running)[0]?.replaces, ["sum"]);
      undo(running);
      await running.waitForNewLine((line) => line === "sum 18 two");
    }, "-m32"));
}

test("gcc -O2: a static function of a shared library, and its thread-local variable", () =>
  withWorkshop(async (workshop) => {
    const library = (factor: number) => `
      #include <stdlib.h>
      static __thread int calls = 7;
      int base = 1;
      static __attribute__((noinline, noclone)) int inner(const char *digits) { calls++; return atoi(digits) * ${factor} + base; }
      int part(const char *digits) { int n = inner(digits); return calls > 7 ? n : -1; }`;
    workshop.write("part.c", library(1));
    workshop.compile("gcc", "libpart.so", "-O2", "-fPIC", "-shared", "part.c");
    workshop.write(
      "program.c",
      `#include <stdio.h>
       #include <unistd.h>
       int part(const char *digits);
       int main(void) { for (;;) { printf("part %d\\n", part("12")); fflush(stdout); usleep(2000); } }`,
    );
    workshop.compile("gcc", "program", "-O2", "program.c", workshop.path("libpart.so"), `-Wl,-rpath,${workshop.dir}`);
    const running = workshop.start("program");
    await running.waitForLine((line) => line === "part 13");
    workshop.write("part.c", library(3));
    fix(running, workshop.gen("libpart.so", "part.hrp", workshop.object("gcc", "part.o", "-O2", "-fPIC", "part.c")));
    await running.waitForNewLine((line) => line === "part 37");
    undo(running);
    await running.waitForNewLine((line) => line === "part 13");
  }, "-m32"));

test.run();
