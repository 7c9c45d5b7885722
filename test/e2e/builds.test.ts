// Scenarios D: files, headers and failing builds.

import assert from "node:assert/strict";
import type { Program } from "./program.js";
import type { Level } from "./results.js";
import { runScenarios, type Scenario } from "./scenario_suite.js";

/** Object files that changed since, by name. */
function rebuilt(program: Program, before: ReadonlyMap<string, bigint>): readonly string[] {
  const now = program.workspace.objectTimes(program.build);
  return [...now.keys()].filter((name) => now.get(name) !== before.get(name)).sort();
}

const headers: Scenario = {
  row: "D1",
  name: "an edit of a header rebuilds its dependents, and only they",
  async run(program) {
    const objects = () => program.workspace.objectTimes(program.build);
    await program.shows({ "D1.inner": "1", "D1.outer": "10", "D1.alone": "7" });
    let before = objects();
    assert.ok(before.has("d1_alone.cc"), "the objects are found");
    program.edit("d1_inner.h", "return x + 1;", "return x + 2;");
    await program.hot();
    await program.shows({ "D1.inner": "2", "D1.outer": "20", "D1.alone": "7" });
    assert.deepEqual(rebuilt(program, before), ["d1_inner_user.cc", "d1_outer_user.cc"]);
    before = objects();
    program.edit("d1_outer.h", "d1_inner(x) * 10", "d1_inner(x) * 100");
    await program.hot();
    await program.shows({ "D1.inner": "2", "D1.outer": "200" });
    assert.deepEqual(rebuilt(program, before), ["d1_outer_user.cc"]);
  },
};

const newInclude: Scenario = {
  row: "D1",
  name: "a header that is new is watched from its first use on, and may go again",
  async run(program) {
    const objects = () => program.workspace.objectTimes(program.build);
    await program.shows({ "D1.alone": "7" });
    program.server.forgetVerdicts();
    program.workspace.write("d1_new.h", "#pragma once\n\ninline int d1_new(int x) { return x + 50; }\n");
    program.workspace.write("d1_alone.cc", '#include "d1_new.h"\n\nint d1_alone() { return d1_new(1); }\n');
    await program.hot();
    await program.shows({ "D1.alone": "51" });
    let before = objects();
    program.edit("d1_new.h", "return x + 50;", "return x + 60;");
    await program.hot();
    await program.shows({ "D1.alone": "61" });
    assert.deepEqual(rebuilt(program, before), ["d1_alone.cc"]);
    // Include and header go in one save.
    before = objects();
    program.workspace.remove("d1_new.h");
    program.save("d1_alone.cc", "int d1_alone() { return 8; }\n");
    await program.hot();
    await program.shows({ "D1.alone": "8" });
    assert.deepEqual(rebuilt(program, before), ["d1_alone.cc"]);
    program.edit("d1_alone.cc", "return 8;", "return 9;");
    await program.hot();
    await program.shows({ "D1.alone": "9" });
  },
};

const missingHeader: Scenario = {
  row: "D1",
  name: "a header that is removed while a file includes it fails the build until it is back",
  async run(program) {
    const value = program.log.value("D1.outer");
    const text = program.workspace.read("d1_outer.h");
    program.server.forgetVerdicts();
    program.workspace.remove("d1_outer.h");
    const failed = await program.buildFailed();
    assert.match(failed.output, /d1_outer_user\.cc:1:\d+: .*error: .*d1_outer\.h/);
    await program.goesOn();
    assert.equal(program.log.value("D1.outer"), value);
    program.save("d1_outer.h", text.replace(/d1_inner\(x\) \* \d+/, "d1_inner(x) * 7000"));
    await program.hot(/d1_outer/);
    await program.shows({ "D1.outer": /^\d+000$/ });
  },
};

const headerError: Scenario = {
  row: "D5",
  name: "an error in a header is shown once for each file that includes it, and repaired in the header",
  async run(program) {
    const value = program.log.value("D1.inner");
    program.edit("d1_inner.h", "return x +", "return lost + x +");
    const failed = await program.buildFailed();
    assert.match(failed.output, /d1_inner\.h:3:\d+: error: .*\blost\b/);
    await program.goesOn();
    assert.equal(program.log.value("D1.inner"), value);
    program.edit("d1_inner.h", "return lost + x +", "return 500 + x +");
    await program.hot();
    await program.shows({ "D1.inner": /^50\d$/, "D1.outer": /^5\d+$|^35\d+$/ });
  },
};

const compileError: Scenario = {
  row: "D5",
  name: "a compile error is shown as the compiler wrote it, the program goes on, and the next good save is hot",
  async run(program) {
    await program.shows({ "D5.one": "11", "D5.two": "21" });
    program.edit("d5_one.cc", "return x + 10;", "return x + undeclared_name;");
    const failed = await program.buildFailed();
    assert.match(failed.output, /d5_one\.cc:1:\d+: error: .*undeclared_name/);
    await program.goesOn();
    await program.shows({ "D5.one": "11" });
    // Still wrong, in another way: the second message is the new one.
    program.edit("d5_one.cc", "return x + undeclared_name;", "return x + 1000");
    const again = await program.buildFailed();
    assert.match(again.output, /d5_one\.cc:1:\d+: error: expected/);
    assert.doesNotMatch(again.output, /undeclared_name/);
    await program.goesOn();
    await program.shows({ "D5.one": "11" });
    program.edit("d5_one.cc", "return x + 1000", "return x + 1000;");
    await program.hot(/d5_one/);
    await program.shows({ "D5.one": "1001", "D5.two": "21" });
  },
};

const oneOfTwo: Scenario = {
  row: "D5",
  name: "two files, one with an error: nothing is applied until it is repaired, then both are",
  async run(program) {
    const one = Number(program.workspace.read("d5_one.cc").match(/x \+ (\d+);/)?.[1]);
    await program.shows({ "D5.one": String(one + 1), "D5.two": "21" });
    program.editAll({
      "d5_one.cc": [`return x + ${one};`, `return x + ${one + 5};`],
      "d5_two.cc": ["return x + 20;", "return y + 20;"],
    });
    const failed = await program.buildFailed();
    assert.match(failed.output, /d5_two\.cc:1:\d+: error: .*\by\b/);
    assert.doesNotMatch(failed.output, /d5_one\.cc:.*error/);
    await program.goesOn(10);
    await program.shows({ "D5.one": String(one + 1), "D5.two": "21" });
    program.edit("d5_two.cc", "return y + 20;", "return x + 25;");
    await program.hot(/d5_one/, /d5_two/);
    await program.shows({ "D5.one": String(one + 6), "D5.two": "26" });
  },
};

const backToBefore: Scenario = {
  row: "D5",
  name: "an error that is taken back by restoring the text leaves nothing to do",
  async run(program) {
    const text = program.workspace.read("d5_two.cc");
    program.save("d5_two.cc", "int d5_two(int x) { return\n");
    await program.buildFailed();
    program.save("d5_two.cc", text);
    await program.unchanged();
    await program.goesOn();
  },
};

const d8Values = { D8: "8", "D8.c": "3" };

const nothingToDo: Scenario = {
  row: "D8",
  name: "touch, comment, white space and the reformatting of a whole file leave nothing to do",
  async run(program) {
    await program.shows(d8Values);
    const nothing = async () => {
      await program.unchanged();
      await program.goesOn();
      await program.shows(d8Values);
    };
    for (const file of ["d8.cc", "d8_c.c", "d8.h"]) {
      program.server.forgetVerdicts();
      program.workspace.touch(file);
      await nothing();
    }
    program.edit("d8.cc", "// Counts how often it was called.", "// The number of calls until now,\n// all of them.");
    await nothing();
    program.edit("d8.h", "// Half of x, rounded down.", "/* x / 2,\n   rounded\n   down */");
    await nothing();
    program.edit("d8_c.c", "  calls += 1;\n", "\n\n  calls    +=    1   ;   /* one more */\n\n");
    await nothing();
    for (const file of ["d8.cc", "d8_c.c"]) {
      program.save(file, reformatted(program.workspace.read(file)));
      await nothing();
    }
    for (const name of Object.keys(d8Values)) assert.equal(program.log.history(name).length, 1);
  },
};

/** The same tokens: other breaks and indents everywhere but in preprocessor lines, comments gone. */
function reformatted(text: string): string {
  return text
    .replace(/\/\/.*$|\/\*[\s\S]*?\*\//gm, "")
    .split("\n")
    .map((line) => (line.startsWith("#") ? line : line.trim().replace(/([;{}])\s*/g, "$1\n\t\t")))
    .join("\n\n");
}

function inLevel(level: Level, tens: number): Scenario {
  return {
    row: "D11",
    soFar: "executable, static library, shared library",
    name: `code of ${level === "executable" ? "the executable" : `a ${level} library`} is edited, in C++ and in C`,
    level,
    async run(program) {
      const name = `D11.${level}`;
      const counts = { [`${name}.count`]: "from_1", [`${name}.c_count`]: `from_${tens * 100 + 1}` };
      await program.shows({ ...counts, [name]: `${tens}1`, [`${name}.c`]: `${tens}6` });
      program.edit(`d11_${level}.cc`, `return x + ${tens}0;`, `return x + ${tens}00;`);
      const hot = await program.hot(new RegExp(`d11_${level}`));
      assert.deepEqual(hot.functions.length, 1);
      await program.shows({ ...counts, [name]: `${tens}01` });
      program.edit(`d11_${level}_c.c`, `return x + ${tens}5;`, `return x + ${tens}05;`);
      await program.hot(new RegExp(`d11_${level}_c`));
      await program.shows({ ...counts, [`${name}.c`]: `${tens}06` });
      program.edit(`d11_${level}.cc`, `return x + ${tens}00;`, `return x + int(seen.size() > 0) + ${tens}000;`);
      await program.hot(new RegExp(`d11_${level}`));
      await program.shows({ ...counts, [name]: `${tens}002` });
      await program.goesOn(5);
      for (const [field, value] of Object.entries(counts)) assert.deepEqual(program.log.history(field), [value], field);
    },
  };
}

runScenarios("builds", "build", [
  headers,
  newInclude,
  missingHeader,
  compileError,
  headerError,
  oneOfTwo,
  backToBefore,
  nothingToDo,
  inLevel("executable", 1),
  inLevel("static", 2),
  inLevel("shared", 3),
]);
