// What ninja prints and what the commands print are told apart, with real builds.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { suite } from "uvu";
import { Ninja } from "../../plugin/build.js";
import { membersOfSession } from "../../plugin/command.js";
import { NinjaOutput, type Progress } from "../../plugin/ninja_output.js";
import { until } from "./inbox.js";
import { Scratch } from "./scratch.js";

const test = suite("ninja");

const RULES = `
rule cc
  command = gcc -Wall -MD -MF $out.d -c $in -o $out
  description = Building $out
  depfile = $out.d
  deps = gcc
rule sh
  command = sh $in $out
  description = Running $in
`;

/** A build directory with this build.ninja. */
function builds(statements: string, files: Readonly<Record<string, string>>): { scratch: Scratch; ninja: Ninja } {
  const scratch = new Scratch({ "build.ninja": RULES + statements, ...files });
  return { scratch, ninja: new Ninja(scratch.path, "ninja") };
}

/** What the compiler writes to standard error when it is run by itself. */
function compilerText(scratch: Scratch, source: string): string {
  try {
    execFileSync("gcc", ["-Wall", "-c", source, "-o", "alone.o"], { cwd: scratch.path, stdio: "pipe" });
    return "";
  } catch (error) {
    return String((error as { stderr: Buffer }).stderr);
  }
}

test("the compiler's output of a failed build is shown as the compiler wrote it, without ninja's lines", async () => {
  const { scratch, ninja } = builds("build bad.o: cc bad.c\n", {
    "bad.c": "int f(void) {\n  return [1/2] missing;\n}\n",
  });
  const outcome = await ninja.buildObjects(["bad.o"]);
  assert.equal(outcome.ok, false);
  assert.equal(outcome.output, compilerText(scratch, "bad.c"));
  assert.match(outcome.output, /bad\.c:2/);
});

test("warnings of files that compile are kept, and are no part of the errors of others", async () => {
  const { scratch, ninja } = builds("build warned.o: cc warned.c\nbuild bad.o: cc bad.c || warned.o\n", {
    "warned.c": "int f(void) { int unused; return 1; }\n",
    "bad.c": "int g(void) { return missing; }\n",
  });
  const good = await ninja.buildObjects(["warned.o"]);
  assert.equal(good.ok, true);
  assert.equal(good.built, 1);
  assert.match(good.output, /^warned\.c: In function .*unused variable/s);
  const failed = await ninja.buildObjects(["warned.o", "bad.o"]);
  assert.equal(failed.output, compilerText(scratch, "bad.c"));
});

test("output without a newline at its end does not hide the next step", async () => {
  const { ninja } = builds("build one: sh print.sh\nbuild two: sh fail.sh || one\n", {
    "print.sh": 'printf "no newline"; touch "$1"',
    "fail.sh": 'printf "FAILED: so says the command"; exit 3',
  });
  const progress: Progress[] = [];
  const outcome = await ninja.buildAll((step) => progress.push(step));
  assert.deepEqual(
    progress.map((step) => step.text),
    ["Running print.sh", "Running fail.sh"],
  );
  assert.deepEqual([progress[1]?.done, progress[1]?.total], [2, 2]);
  assert.equal(outcome.output, "FAILED: so says the command\n");
  assert.equal(outcome.built, 2);
});

test("a command that fails without a word is named, and so is a file that is missing", async () => {
  const silent = builds("build out: sh fail.sh\n", { "fail.sh": "exit 3" });
  assert.match((await silent.ninja.buildAll()).output, /FAILED: .*out.*\n.*sh fail\.sh out/);
  const missing = builds("build a.o: cc a.c\n", {});
  assert.match((await missing.ninja.buildAll()).output, /^ninja: error: 'a\.c', needed by 'a\.o', missing/);
});

test("a build with nothing to do is no failure and has no output", async () => {
  const { ninja } = builds("build a.o: cc a.c\n", { "a.c": "int a;\n" });
  assert.equal((await ninja.buildAll()).built, 1);
  const again = await ninja.buildAll();
  assert.deepEqual({ ...again, ms: 0 }, { ok: true, ms: 0, output: "", built: 0 });
});

test("a ninja that cannot be started is a failed build that says why", async () => {
  const scratch = new Scratch();
  const outcome = await new Ninja(scratch.path, "/nonexistent/ninja").buildAll();
  assert.equal(outcome.ok, false);
  assert.match(outcome.output, /\/nonexistent\/ninja cannot be started.*E_TOOL/);
});

test("file names are arguments, never a shell's text", async () => {
  const name = "a;touch x$(touch y).o";
  const escaped = name.replace(/[$ ]/g, (character) => `$${character}`);
  const { scratch, ninja } = builds(`build ${escaped}: phony\n`, {});
  assert.equal((await ninja.buildObjects([name])).ok, true);
  assert.equal(existsSync(scratch.file("x")) || existsSync(scratch.file("y")), false);
});

test("builds that are asked for at once run one after another", async () => {
  const { scratch, ninja } = builds("build one: sh once.sh\nbuild two: sh once.sh\n", {
    "once.sh": 'echo "begin $1" >> log; sleep 0.05; echo "end $1" >> log; touch "$1"',
  });
  await Promise.all([ninja.buildObjects(["one"]), ninja.buildObjects(["two"])]);
  assert.equal(readFileSync(scratch.file("log"), "utf8"), "begin one\nend one\nbegin two\nend two\n");
});

test("more objects than fit in one argument list are built by several runs", async () => {
  const names = Array.from({ length: 30 }, (_, index) => `object-with-a-long-name-${index}.o`);
  const scratch = new Scratch({
    "build.ninja": RULES + names.map((name) => `build ${name}: cc a.c\n`).join(""),
    "a.c": "int a;\n",
  });
  const outcome = await new Ninja(scratch.path, "ninja", undefined, undefined, 200).buildObjects(names);
  assert.equal(outcome.output, "");
  assert.equal(outcome.built, 30);
  assert.ok(names.every((name) => existsSync(scratch.file(name))));
});

test("an aborted build leaves no process of ninja's session behind", async () => {
  const { scratch, ninja: _ } = builds("build out: sh long.sh\n", {
    "long.sh": 'sh -c "echo $$ > inner; sleep 60" & echo $$ > outer; sleep 60',
  });
  const abort = new AbortController();
  const ninja = new Ninja(scratch.path, "ninja", abort.signal);
  const outcome = ninja.buildAll();
  await until("the command to start", () => existsSync(scratch.file("inner")) && existsSync(scratch.file("outer")));
  const session = sessionOf(Number(readFileSync(scratch.file("outer"), "utf8")));
  assert.ok(membersOfSession(session).length >= 3);
  abort.abort();
  assert.equal((await outcome).ok, false);
  await until("the session to be empty", () => membersOfSession(session).length === 0);
  assert.equal((await ninja.buildAll()).ok, false, "no other ninja is started");
});

test("steps are told as they come, however the text is cut", () => {
  const text =
    "\x1e[1/2] one\nwarning\n\x1e[2/2] two\nFAILED: b \ncc b\nerror\nninja: build stopped: subcommand failed.\n";
  for (let cut = 0; cut <= text.length; cut++) {
    const steps: string[] = [];
    const output = new NinjaOutput((step) => steps.push(`${step.done}/${step.total} ${step.text}`));
    output.push(text.slice(0, cut));
    output.push(text.slice(cut));
    assert.deepEqual(steps, ["1/2 one", "2/2 two"]);
    assert.deepEqual(output.end(), { built: 2, errors: "error\n", warnings: "warning\n" });
  }
});

test("of CMake run by ninja only what CMake wrote is shown", () => {
  const output = new NinjaOutput();
  output.push(
    "\x1e[0/1] Re-running CMake...\n-- Configuring incomplete\nFAILED: build.ninja \n/usr/bin/cmake -S. -B.\n",
  );
  const stderr = "CMake Error at CMakeLists.txt:3\nninja: error: rebuilding 'build.ninja': subcommand failed\n";
  assert.equal(output.end(stderr).errors, "-- Configuring incomplete\nCMake Error at CMakeLists.txt:3\n");
});

function sessionOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[3]);
}

test.run();
