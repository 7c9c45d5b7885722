// Scenario D14: programs built with sanitizers are reloaded without a false report, and a bug that comes with an edit is
// reported in its line.

import assert from "node:assert/strict";
import { test } from "uvu";
import { type Configuration, chosenConfigurations, isRowChosen } from "./configurations.js";
import { Program } from "./program.js";
import { record } from "./results.js";
import { readProgram } from "./workspace.js";

/** A report's addresses become lines even where there is no llvm-symbolizer. */
process.env.ASAN_OPTIONS = "allow_addr2line=1";
process.env.TSAN_OPTIONS = "allow_addr2line=1";

/** AddressSanitizer with LeakSanitizer and UndefinedBehaviorSanitizer are one build; ThreadSanitizer fits with neither. */
const sanitizers = [
  { flags: "-fsanitize=address,undefined", levels: ["gcc -O0", "clang -O0"], findBugs: findMemoryBugs },
  { flags: "-fsanitize=thread", levels: ["gcc -O2", "clang -O2"], findBugs: findRace },
] as const;

async function reloads(program: Program): Promise<void> {
  await program.shows({ "D14.version": "1", "D14.area": "9", "D14.caught": "caught" });
  program.edit("d14.cc", "view.version = 1;", "view.version = 2;");
  const first = await program.hot(/d14_step/);
  assert.deepEqual(first.functions.length, 1, `nothing of the sanitizer is replaced: ${first.functions}`);
  // A virtual call, and the tables of variables that grow with new ones.
  program.edit("d14.cc", "side * side", "side * side + 1");
  await program.hot(/D14Square::area/);
  await program.shows({ "D14.version": "2", "D14.area": "10" });
  program.save(
    "d14.cc",
    program.workspace
      .read("d14.cc")
      .replace(
        "// place for globals",
        'long d14_added = 5;\nstatic long added[3] = {7, 8, 9};\nstatic const char words[] = "some words";',
      )
      .replace(
        "  // place for code",
        "  static long inside = 3;\n  added[d14_global % 3] += inside++ * 0;\n" +
          "  view.added = d14_added + added[1] + long(sizeof words) + long(words[d14_global % 10] == 'z');\n" +
          "  // place for code",
      )
      .replace('fail("caught")', 'fail("again")'),
  );
  const { variables } = await program.hot(/d14_step/);
  assert.ok(!variables.some((name) => /asan|unnamed/.test(name)), `only the program's own: ${variables}`);
  await program.shows({ "D14.added": "24", "D14.caught": "again" });
  program.edit("d14.h", "return x + 1;", "return x + 2;");
  await program.hot();
  await program.goesOn();
  for (const name of ["global", "file_static"]) {
    assert.equal(program.log.history(`D14.${name}`).length, 1, `${name} goes on counting`);
  }
}

/** Lets the program come to its end by itself. */
async function finish(program: Program): Promise<number | undefined> {
  program.edit("d14.cc", "d14_finished() { return false; }", "d14_finished() { return true; }");
  await program.hot(/d14_finished/);
  return ended(program);
}

async function ended(program: Program): Promise<number | undefined> {
  const end = await program.server.until("the program to end", () =>
    program.server.processStates().find(({ state, pid }) => state === "exited" && pid === program.pid),
  );
  return end.code as number | undefined;
}

/** The next process, which does not finish: a save starts it, since there is none. */
async function begin(program: Program): Promise<void> {
  program.log.forget();
  program.server.programErrors = "";
  program.edit("d14.cc", "d14_finished() { return true; }", "d14_finished() { return false; }");
  await program.connected();
  await program.goesOn();
}

/** Adds code to d14_step; returns the line of its last statement. */
async function addCode(program: Program, code: string, place = "  // place for code"): Promise<number> {
  program.edit("d14.cc", place, `${code}\n${place}`);
  const text = program.workspace.read("d14.cc");
  await program.hot();
  return text.slice(0, text.indexOf(code) + code.length).split("\n").length;
}

async function reports(program: Program, pattern: RegExp): Promise<void> {
  await program.server.until(`a report like ${pattern}`, () => pattern.test(program.server.programErrors) || undefined);
}

async function findMemoryBugs(program: Program): Promise<void> {
  await begin(program);
  const overflow = await addCode(program, "  static int big = 2147483647;\n  big += int(list.size());");
  await reports(program, new RegExp(`d14\\.cc:${overflow}:\\d+: runtime error: signed integer overflow`));
  const leak = await addCode(program, "  *static_cast<volatile long*>(new long[2]) = 1;");
  await program.goesOn();
  assert.notEqual(await finish(program), 0);
  await reports(program, new RegExp(`detected memory leaks[^]*d14_step[^]*d14\\.cc:${leak}`));

  await begin(program);
  const write = await addCode(program, "  volatile int* past = new int[4];\n  past[list.size() + 1] = 1;");
  assert.notEqual(await ended(program), 0);
  await reports(program, new RegExp(`heap-buffer-overflow[^]*#0 [^\\n]*d14_step[^\\n]*d14\\.cc:${write}`));
}

async function findRace(program: Program): Promise<void> {
  await begin(program);
  await addCode(program, "  d14_shared++;", "  // place for work");
  const line = await addCode(program, "  d14_shared += 2;");
  await reports(program, new RegExp(`data race[^]*d14_step[^\\n]*d14\\.cc:${line}`));
}

function scenario(configuration: Configuration, { flags, findBugs }: (typeof sanitizers)[number]): void {
  const name = `D14 ${configuration.name} ${flags}: reloads are free of reports, and a bug in an edit is reported`;
  test(name, async () => {
    let outcome: "passed" | "failed" = "failed";
    let program: Program | undefined;
    try {
      program = await Program.start(readProgram("sanitizers"), {
        configuration,
        target: "sanitizers",
        define: withFlags,
      });
      await reloads(program);
      assert.equal(await finish(program), 0, program.server.programErrors);
      assert.equal(program.server.programErrors, "", "neither a report nor a leak");
      await findBugs(program);
      await program.quit();
      outcome = "passed";
    } catch (error) {
      await program?.abandon(error);
      throw error;
    } finally {
      const verdicts = [...new Set(program?.verdicts.map(({ type }) => type))];
      record("sanitizers", {
        row: "D14",
        configuration: configuration.name,
        level: "executable",
        test: name,
        outcome,
        verdicts,
      });
    }
  });
  const withFlags = Object.fromEntries(
    ["CMAKE_C_FLAGS", "CMAKE_CXX_FLAGS"].map((variable) => [variable, `${configuration.define[variable]} ${flags}`]),
  );
}

if (isRowChosen("D14")) {
  for (const sanitizer of sanitizers) {
    for (const configuration of chosenConfigurations()) {
      if (sanitizer.levels.some((level) => level === configuration.name)) scenario(configuration, sanitizer);
    }
  }
}

test.run();
