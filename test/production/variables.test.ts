// Variables that a fix brings: their first values are constants, since nothing that runs at start-up runs for a fix.
import { test } from "uvu";
import * as assert from "uvu/assert";
import { fix, hotreload, patchesOf, undo, type Workshop, withWorkshop } from "./plain_program.js";

const common = `
#include <unistd.h>
struct Number { int n; Number(int n) : n(n) {} };
static int start = getpid() > 0 ? 30 : 0;
Number given(start);
`;
const program = `${common}
#include <cstdio>
__attribute__((noinline)) int answer(int n) { __asm__ volatile(".skip 16, 0x90"); return n + start + given.n; }
int main() { for (;;) { printf("answer %d\\n", answer(1)); fflush(stdout); usleep(2000); } }
`;
const answer = (variables: string, expression: string) => `${common}
${variables}
__attribute__((noinline)) int answer(int n) { __asm__ volatile(".skip 16, 0x90"); return ${expression}; }
`;

function buildWith(workshop: Workshop, compiler: string, optimise: string) {
  const compile = (name: string, source: string) => {
    workshop.write(name, source);
    return workshop.object(compiler, `${name}.o`, optimise, name);
  };
  compile("program.cc", program);
  workshop.compile(compiler, "program", optimise, "program.cc");
  return (source: string) => {
    const object = compile("fix.cc", source);
    const module = workshop.path("program");
    return { object, gen: () => hotreload("gen", "-m", module, "-o", workshop.path("fix.hrp"), object) };
  };
}

for (const [compiler, optimise] of [
  ["g++", "-O0"],
  ["g++", "-O2"],
  ["clang++", "-O0"],
  ["clang++", "-O2"],
] as const) {
  test(`${compiler} ${optimise}: new ones with constants, beside one that is constructed; refused if they are constructed`, () =>
    withWorkshop(async (workshop) => {
      const fixOf = buildWith(workshop, compiler, optimise);
      const running = workshop.start("program");
      await running.waitForLine((line) => line === "answer 61");
      const { object } = fixOf(
        answer(
          `static int none; int limit = 300; static short pair[2] = {5, 6}; const char *label = "four";
           static int *points = &limit;`,
          "none++ * 0 + n + start + given.n + *points + pair[1] + label[3] * 1000",
        ),
      );
      fix(running, workshop.gen("program", "fix.hrp", object));
      await running.waitForNewLine((line) => line === `answer ${61 + 300 + 6 + "r".charCodeAt(0) * 1000}`);
      const [patch] = patchesOf(running);
      assert.equal(patch?.replaces, ["answer"]);
      assert.ok(patch?.addsVariables.includes("limit"));
      undo(running);
      await running.waitForNewLine((line) => line === "answer 61");

      const constructed = fixOf(answer("Number fresh(getpid());", "n + fresh.n")).gen();
      assert.is(constructed.lines[0]?.code, "E_INITIALIZER");
      assert.match(String(constructed.lines[0]?.message), /^the new variable fresh gets its value from code that runs/);
      const prepared = fixOf(
        answer("int ready; __attribute__((constructor)) void prepare() { ready = getpid(); }", "n + ready"),
      ).gen();
      assert.equal(
        prepared.lines.map(({ code }) => code),
        ["E_INITIALIZER", "E_INITIALIZER"],
      );
      assert.match(String(prepared.lines[0]?.message), /^prepare\(\) is a new constructor function/);
      const streams = fixOf(`#include <iostream>${answer("", "(std::cout << n << std::endl, n)")}`).gen();
      assert.is(streams.lines[0]?.code, "E_INITIALIZER", JSON.stringify(streams));
      assert.match(String(streams.lines[0]?.message), /^the fix includes <iostream>/);
      assert.match(await running.waitForNewLine(() => true), /^answer 61$/);
    }));
}

// Optimised code addresses b[i - 1] by a place before b, of which only the section is said.
const arrays = (variables: string, expression: string, attribute: string) => `
#include <stdio.h>
#include <unistd.h>
${variables}
static int b[10], a[4];
__attribute__((${attribute})) void fill(int n) { for (int i = n; i > 0; i--) b[i - 1] = a[i & 3] + ${expression}; }
__attribute__((${attribute})) void clear(void) { for (int i = 0; i < 10; i++) b[i] = 0; a[1]++; }
int main(void) {
  for (;;) {
    clear(); fill(9);
    int sum = 0;
    for (int i = 0; i < 10; i++) sum += b[i] - a[i & 3];
    printf("sum %d\\n", sum); fflush(stdout); usleep(2000);
  }
}
`;

for (const [form, link] of [
  ["-fno-pie", "-no-pie"],
  ["-fPIE", "-pie"],
] as const) {
  test(`gcc -O2 ${form}: static arrays that loops address from before their start, and one beside them`, () =>
    withWorkshop(async (workshop) => {
      workshop.write("program.c", arrays("", "1", "noipa"));
      workshop.compile("gcc", "program", "-O2", form, link, "program.c");
      const running = workshop.start("program");
      await running.waitForLine((line) => line === "sum 9");
      const object = (source: string, ...flags: readonly string[]) => {
        workshop.write("fix.c", source);
        return workshop.object("gcc", "fix.o", "-O2", form, ...flags, "fix.c");
      };
      fix(running, workshop.gen("program", "same.hrp", object(arrays("", "2", "noipa"))));
      await running.waitForNewLine((line) => line === "sum 18");
      undo(running);
      await running.waitForNewLine((line) => line === "sum 9");
      const fresh = arrays("static int fresh;", "2 + (fresh++ & 0)", "noipa");
      const made = hotreload("gen", "-m", workshop.path("program"), "-o", workshop.path("x.hrp"), object(fresh));
      assert.is(made.lines[0]?.code, "E_LOCATE", JSON.stringify(made));
      fix(running, workshop.gen("program", "fresh.hrp", object(fresh, "-fdata-sections")));
      await running.waitForNewLine((line) => line === "sum 18");
    }));
}

test("gcc -O2: a caller on the stack that counts on the registers of a function, both of them fixed", () =>
  withWorkshop(async (workshop) => {
    workshop.write("program.c", arrays("", "1", "noinline, noclone"));
    workshop.compile("gcc", "program", "-O2", "program.c");
    const running = workshop.start("program");
    await running.waitForLine((line) => line === "sum 9");
    workshop.write("fix.c", arrays("static int fresh;", "2 + (fresh++ & 0)", "noinline, noclone"));
    const object = workshop.object("gcc", "fix.o", "-O2", "-fdata-sections", "fix.c");
    const patch = workshop.gen("program", "fix.hrp", object);
    const answer = hotreload("fix", `${running.pid}`, patch, "--timeout", "2");
    assert.is(answer.lines[0]?.code, "E_IN_USE", JSON.stringify(answer));
    assert.is(await running.waitForNewLine(() => true), "sum 9");
  }));

// What `sum` knows of `part`, it knows of a patch's version as well: three versions, of which two use other
// registers than the second. `sum` stays in its loop while `hold` is set.
const counting = (start: string, body: string) => `
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>
volatile int hold, held;
int before;
__attribute__((noinline, noclone)) int part(int n) { ${body} }
__attribute__((noinline, noclone)) int sum(int n, int weight) {
  int total = ${start};
  for (int i = 1; i <= n; i++) {
    total += part(i) * weight;
    while (hold) held = 1;
  }
  return total;
}
static void *watch(void *unused) {
  while (!held) usleep(1000);
  puts("held");
  fflush(stdout);
  return unused;
}
int main(void) {
  pthread_t watching;
  pthread_create(&watching, NULL, watch, NULL);
  for (;;) { printf("sum %d\\n", sum(3, 10)); fflush(stdout); usleep(2000); }
}
`;

test("gcc -O2: a patch's own code that counts on the registers of a function is waited for at undo, and no further fix leaves it", () =>
  withWorkshop(async (workshop) => {
    const clobber = '__asm__ volatile("" ::: "ecx", "edx", "esi", "edi", "r8", "r9", "r10", "r11"); before = n;';
    workshop.write("program.c", counting("0", `${clobber} return n;`));
    workshop.compile("gcc", "program", "-O2", "-pthread", "program.c");
    const running = workshop.start("program");
    await running.waitForLine((line) => line === "sum 60");
    const gen = (name: string, source: string, ...args: readonly string[]) => {
      workshop.write("fix.c", source);
      return workshop.gen(
        "program",
        name,
        workshop.object("gcc", "fix.o", "-O2", "-ffunction-sections", "fix.c"),
        ...args,
      );
    };
    // Its `part` leaves all registers alone, and its `sum` keeps its values in them.
    const both = gen("both.hrp", counting("100", '__asm__ volatile(""); before = n; return n;'));
    fix(running, both);
    await running.waitForNewLine((line) => line === "sum 160");
    const one = counting("0", `${clobber} return 2 * n;`).replaceAll("sum(", "other(");
    const again = hotreload("fix", `${running.pid}`, gen("part.hrp", one));
    assert.is(again.lines[0]?.code, "E_CALLER", JSON.stringify(again));
    const held = gen("held.hrp", "volatile int hold;", "--set", "hold=1");
    fix(running, held);
    await running.waitForLine((line) => line === "held");
    const undone = hotreload("undo", `${running.pid}`, "both", "--timeout", "1");
    assert.is(undone.lines[0]?.code, "E_IN_USE", JSON.stringify(undone));
    undo(running, "held");
    undo(running, "both");
    await running.waitForNewLine((line) => line === "sum 60");
    fix(running, gen("last.hrp", one));
    await running.waitForNewLine((line) => line === "sum 120");
  }));

test.run();
