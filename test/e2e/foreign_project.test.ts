// CMake projects that know nothing of hotreload: GoogleTest's own, unchanged, and a small one in an odd directory.

import assert from "node:assert/strict";
import fs from "node:fs";
import { test } from "uvu";
import { Program, type ProgramOptions } from "./program.js";
import { type Files, readTree } from "./workspace.js";

/** Where Debian's package googletest puts its sources. */
const GOOGLETEST = "/usr/src/googletest";

async function withProgram(files: Files, options: ProgramOptions, run: (program: Program) => Promise<void>) {
  const program = await Program.start(files, options);
  try {
    await run(program);
    program.same();
    await program.quit();
  } catch (error) {
    await program.abandon(error);
    throw error;
  }
}

/** Waits until the program has printed `count` more lines, and all of them as expected. */
async function prints(program: Program, expected: RegExp, count = 3): Promise<void> {
  const start = program.log.printed;
  await program.server.until(`${count} lines like ${expected}`, () =>
    program.log.since(start).filter((line) => expected.test(line)).length >= count ? true : undefined,
  );
}

test("GoogleTest, as it is: an edit of a sample and of the library itself go live in a running test program", async () => {
  assert.ok(fs.existsSync(GOOGLETEST), `${GOOGLETEST} is there: apt-get install googletest`);
  const options: ProgramOptions = {
    define: { gtest_build_samples: "ON", BUILD_GMOCK: "OFF" },
    target: "sample1_unittest",
    programArguments: ["--gtest_repeat=-1", "--gtest_brief=1"],
  };
  await withProgram(readTree(GOOGLETEST), options, async (program) => {
    await prints(program, /^\[ {2}PASSED {2}\] 6 tests\.$/);
    const sample = "googletest/samples/sample1.cc";
    // It runs at full speed: from here on it takes its time.
    program.edit(sample, '#include "sample1.h"', '#include "sample1.h"\n\n#include <unistd.h>');
    await program.unchanged();
    program.edit(sample, "int result = 1;", "int result = 1;\n  usleep(2000);");
    await program.hot(/\bFactorial\b/);
    await prints(program, /^\[ {2}PASSED {2}\] 6 tests\.$/);
    program.edit(sample, "result *= i;", "result *= i + 1;");
    await program.hot(/\bFactorial\b/);
    await prints(program, /^\[ {2}FAILED {2}\] FactorialTest\.Positive/);
    program.edit(sample, "result *= i + 1;", "result *= i;");
    await program.hot(/\bFactorial\b/);
    await prints(program, /^\[ {2}PASSED {2}\] 6 tests\.$/, 20);
    const printer = "BriefUnitTestResultPrinter::OnTestIterationEnd";
    const head = `void ${printer}(const UnitTest& unit_test,\n${" ".repeat(52)}int /*iteration*/) {\n`;
    program.edit("googletest/src/gtest.cc", head, `${head}  printf("live ");\n`);
    await program.hot(new RegExp(printer));
    await prints(program, /^live \[==========\] 6 tests from 2 test suites ran\./);
  });
});

const small: Files = {
  "CMakeLists.txt": `cmake_minimum_required(VERSION 3.16)
project("small project" C)
add_executable(small "main file.c" "part one/greeting.c")
`,
  "main file.c": `#include <stdio.h>
#include <unistd.h>

int greeting(int count);

int main(void) {
  alarm(1800);
  for (int count = 0;; count++) {
    printf("%d\\n", greeting(count));
    fflush(stdout);
    usleep(10000);
  }
}
`,
  "part one/greeting.c": `static int sum;

int greeting(int count) {
  sum += 1;
  return sum == count + 1 ? 1 : -1;
}
`,
};

async function editSmall(program: Program): Promise<void> {
  await prints(program, /^1$/);
  program.edit("part one/greeting.c", "? 1 :", "? 2 :");
  await program.hot(/\bgreeting\b/);
  await prints(program, /^2$/);
  assert.ok(!program.log.lines.includes("-1"), "the state is kept");
}

test("a project in a directory with a space in its name", async () => {
  await withProgram(small, { folder: "my project" }, editSmall);
});

test("a project in a directory with other letters in its name, built inside it", async () => {
  await withProgram(small, { folder: "größe ✓ (1)", buildFolder: "build of it" }, editSmall);
});

test.run();
