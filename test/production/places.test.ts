// Where a fix can go, and how it can say what it replaces: a shared library, several processes, all of one build, another
// mount namespace, a stripped program, a function of another name, initializers.
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { runToEnd } from "../examples/example.js";
import { fix, hotreload, patchesOf, undo, Workshop } from "./plain_program.js";

const program = `
#include <stdio.h>
#include <unistd.h>
const char built_in[] = FOLDER; // a build-id of its own
int step = 1;
static int limit = 100;
int asked;
int part(int n);
int from_program(int n) { return n + asked; }
static __attribute__((noinline, noclone)) int first(int n) { __asm__ volatile(""); return n + step; }
__attribute__((noinline)) int second(int n) { __asm__ volatile("nop; nop"); return n * 2; }
static __attribute__((noinline)) int copied(int n) { __asm__ volatile(""); return n * step; }
int main(void) {
  for (;; asked++) {
    asked %= 3;
    if (step > 1000) limit++;
    printf("first %d second %d limit %d part %d\\n", first(copied(10)), second(10), limit, part(10) - asked);
    fflush(stdout);
    usleep(3000);
  }
}
`;
const library = `
#include <stdio.h>
#include <stdlib.h>
int from_program(int n);
int calls;
static char text[16];
static __attribute__((noinline, noclone)) int inner(const char *digits) { __asm__ volatile(""); return atoi(digits); }
int part(int n) {
  calls++;
  snprintf(text, sizeof text, "%d", n);
  return from_program(inner(text));
}
`;
const partFix = `
#include <stdlib.h>
int from_program(int n);
extern int calls;
static int corrections;
static int inner(const char *digits) {
  corrections++;
  return 2 * (int)strtol(digits, NULL, 10) + from_program(0) - from_program(0) + (calls > 0) + (corrections > 0);
}
int (*keep)(const char *) = inner;
`;

const workshop = new Workshop();
workshop.write("program.c", program);
workshop.write("part.c", library);
const flags = ["-O2", `-DFOLDER="${workshop.dir}"`];
workshop.object("gcc", "part.o", "-O2", "-fPIC", "part.c");
workshop.compile("gcc", "libpart.so", "-shared", "part.o");
workshop.object("gcc", "program.o", ...flags, "program.c");
const link = ["-rdynamic", "program.o", "libpart.so", "-Wl,-rpath,$ORIGIN"];
workshop.compile("gcc", "program", ...link);
workshop.compile("gcc", "stripped", ...link);
runToEnd("objcopy", ["--only-keep-debug", workshop.path("stripped"), workshop.path("stripped.debug")]);
runToEnd("strip", ["--strip-all", workshop.path("stripped")]);

const object = (name: string, source: string, ...more: readonly string[]): string => {
  workshop.write(`${name}.c`, source);
  return workshop.object("gcc", `${name}.o`, "-O2", ...more, `${name}.c`);
};
const unfixed = "first 11 second 20 limit 100 part 10";

test.after(async () => {
  await workshop.end();
  workshop.remove();
});

test("a shared library: a static function that calls libc and the program, and refers to the library's variables", async () => {
  const running = workshop.start("program");
  await running.waitForLine((line) => line === unfixed);
  const patch = workshop.gen("libpart.so", "part.hrp", object("inner", partFix, "-fPIC"));
  fix(running, patch);
  await running.waitForNewLine((line) => line === unfixed.replace("part 10", "part 22"));
  const [listed] = patchesOf(running);
  assert.equal(listed?.replaces, ["inner"]);
  assert.is(listed?.module, "libpart.so");
  // A fix of the program beside it, and a second one of the library on top.
  fix(running, workshop.gen("program", "beside.hrp", object("beside", "int second(int n) { return n * 3; }")));
  await running.waitForNewLine((line) => line === "first 11 second 30 limit 100 part 22");
  fix(running, workshop.gen("libpart.so", "again.hrp", object("again", partFix.replace("2 *", "4 *"), "-fPIC")));
  await running.waitForNewLine((line) => line === "first 11 second 30 limit 100 part 42");
  undo(running, "again");
  await running.waitForNewLine((line) => line === "first 11 second 30 limit 100 part 22");
  undo(running, "part");
  undo(running, "beside");
  await running.waitForNewLine((line) => line === unfixed);
  await running.stop("SIGKILL");
});

test("several processes at once, and all of one build: those of another build of the same name stay as they are", async () => {
  workshop.object("gcc", "other.o", ...flags, "-DOTHER", "-g", "program.c");
  mkdirSync(workshop.path("elsewhere"));
  workshop.compile("gcc", "elsewhere/program", "-rdynamic", "other.o", "libpart.so", `-Wl,-rpath,${workshop.dir}`);
  const programs = [1, 2, 3].map(() => workshop.start("program"));
  const other = workshop.start("elsewhere/program");
  await Promise.all([...programs, other].map((one) => one.waitForLine((line) => line === unfixed)));
  const patch = workshop.gen("program", "all.hrp", object("all", "int second(int n) { return n * 5; }"));
  const pids = programs.map(({ pid }) => pid);
  const fixedLine = unfixed.replace("second 20", "second 50");

  const two = hotreload("fix", `${pids[0]}`, `${pids[1]}`, `${other.pid}`, patch);
  assert.is(two.code, 1);
  assert.equal(
    two.lines.map(({ type, pid, code }) => ({ type, pid, code })),
    [
      { type: "applied", pid: pids[0], code: undefined },
      { type: "applied", pid: pids[1], code: undefined },
      { type: "refused", pid: other.pid, code: "E_OTHER_BUILD" },
    ],
  );
  // What has it already is said, and keeps no other from being fixed.
  const all = hotreload("fix", "--all", patch);
  const outcomes = new Map(all.lines.map(({ pid, type, code }) => [pid, code ?? type]));
  assert.equal(outcomes.size, 3);
  assert.equal(
    pids.map((pid) => outcomes.get(pid)),
    ["E_APPLIED", "E_APPLIED", "applied"],
  );
  await Promise.all(programs.map((one) => one.waitForNewLine((line) => line === fixedLine)));
  await other.waitForNewLine((line) => line === unfixed);
  for (const one of [...programs, other]) await one.stop("SIGKILL");
  assert.is(hotreload("fix", "--all", patch).lines[0]?.code, "E_PROCESS");
});

test("a process in a mount namespace and a root directory of its own, which has no hotreload and no file of the fix", async () => {
  if (spawnSync("unshare", ["--mount", "true"]).status !== 0) {
    assert.is.not(process.getuid?.(), 0, "root can make a mount namespace");
    return;
  }
  const root = workshop.path("root");
  mkdirSync(`${root}/proc`, { recursive: true });
  const libraries = runToEnd("ldd", [workshop.path("program")]).match(/\/\S+/g) ?? [];
  for (const file of libraries) cpSync(file, root + file, { recursive: true, dereference: true });
  cpSync(workshop.path("program"), `${root}/program`);
  cpSync(workshop.path("libpart.so"), `${root}/libpart.so`);
  const enter = `mount -t tmpfs none ${root}/proc && mount -t proc none ${root}/proc && exec chroot ${root} /program`;
  workshop.write("contained", `#!/bin/sh\nexec unshare --mount --pid --fork --kill-child sh -c '${enter}'\n`);
  runToEnd("chmod", ["+x", workshop.path("contained")]);
  const contained = workshop.start("contained");
  await contained.waitForLine((line) => line === unfixed);
  const patch = workshop.gen("program", "inside.hrp", object("inside", "int second(int n) { return n * 7; }"));
  // Its number as it is seen from outside: the child of unshare.
  const pid = runToEnd("cat", [`/proc/${contained.pid}/task/${contained.pid}/children`]).trim();
  const applied = hotreload("fix", pid, patch);
  assert.is(applied.code, 0, JSON.stringify(applied));
  await contained.waitForNewLine((line) => line === unfixed.replace("second 20", "second 70"));
  assert.is(hotreload("undo", pid).code, 0);
  await contained.waitForNewLine((line) => line === unfixed);
  await contained.stop("SIGKILL");
});

test("a stripped program: refused, and with its debug file a static function is found", async () => {
  const running = workshop.start("stripped");
  await running.waitForLine((line) => line === unfixed);
  const first = object(
    "first",
    "extern int step; static int first(int n) { return n + 100 * step; } int (*keep)(int) = first;",
  );
  const withoutSymbols = hotreload("gen", "-m", workshop.path("stripped"), "-o", workshop.path("x.hrp"), first);
  assert.is(withoutSymbols.code, 1);
  assert.is(withoutSymbols.lines[0]?.code, "E_STRIPPED", JSON.stringify(withoutSymbols));
  const wrong = hotreload(
    "gen",
    "-m",
    workshop.path("stripped"),
    "-o",
    workshop.path("x.hrp"),
    first,
    "--debug-file",
    workshop.path("libpart.so"),
  );
  assert.is(wrong.code, 1, "the symbols of another file are not taken");
  const patch = workshop.gen("stripped", "first.hrp", first, "--debug-file", workshop.path("stripped.debug"));
  fix(running, patch);
  await running.waitForNewLine((line) => line === unfixed.replace("first 11", "first 110"));
  undo(running);
  await running.waitForNewLine((line) => line === unfixed);
  await running.stop("SIGKILL");
});

test("--replace: a function of another name; --apply-initializers: what the fix's variables begin with", async () => {
  const running = workshop.start("program");
  await running.waitForLine((line) => line === unfixed);
  const corrected = object(
    "corrected",
    "int step = 4; static int limit = 300; int *keep = &limit;\nint corrected_second(int n) { return n * 9; }",
  );
  const replace = ["--replace", "second=corrected_second"];
  const kept = workshop.gen("program", "kept.hrp", corrected, ...replace);
  fix(running, kept);
  await running.waitForNewLine((line) => line === unfixed.replace("second 20", "second 90"));
  undo(running);
  const given = workshop.gen("program", "given.hrp", corrected, ...replace, "--apply-initializers");
  fix(running, given);
  await running.waitForNewLine((line) => line === "first 44 second 90 limit 300 part 10");
  assert.equal([...(patchesOf(running).at(-1)?.sets ?? [])].sort(), ["limit", "step"]);
  undo(running);
  await running.waitForNewLine((line) => line === unfixed);
  const copied = object("copied", "static int copied(int n) { return n; }\nint (*keep)(int) = copied;");
  const copy = hotreload("gen", "-m", workshop.path("program"), "-o", workshop.path("x.hrp"), copied);
  assert.is(copy.lines[0]?.code, "E_CALLER", JSON.stringify(copy));
  const unknown = hotreload(
    "gen",
    "-m",
    workshop.path("program"),
    "-o",
    workshop.path("x.hrp"),
    corrected,
    "--replace",
    "secnod=corrected_second",
  );
  assert.is(unknown.lines[0]?.code, "E_UNDEFINED");
  assert.match(String(unknown.lines[0]?.message), /did you mean second\?/);
  await running.stop("SIGKILL");
});

test.run();
