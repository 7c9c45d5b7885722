// Scenarios A: functions that are called by way of headers, templates, closures and pointers, in a program and in a library.

import assert from "node:assert/strict";
import { bothShow } from "./both_modules.js";
import { symbolsOf } from "./module_symbols.js";
import { runScenarios, type Scenario } from "./scenario_suite.js";

/** a5_small(n) is n + `small`, a5_large(n) is n * `large`, for n of 1 to 20. */
const sumOf = (small: number, large: number): string => String(20 * small + 210 * (1 + large));

const inlineFunctions: Scenario = {
  row: "A5",
  name: "an inline function of a header changes in the twenty files that use it, and its static keeps its value",
  async run(program, { name }) {
    if (name.startsWith("gcc")) {
      // One for the whole process by its binding (STB_GNU_UNIQUE), which dlopen() keeps loaded for that.
      for (const file of ["callables", "libcallables_plugin.so"]) {
        assert.match(symbolsOf(program, file), / u _ZZ8a5_countvE5calls$/m, file);
      }
    }
    await bothShow(program, { "A5.sum": sumOf(1, 2), "A5.counted": "kept" });
    program.edit("a5.h", "return x + 1;", "return x + 7;");
    await program.hot();
    await bothShow(program, { "A5.sum": sumOf(7, 2), "A5.counted": "kept" });
    program.edit("a5.h", "return x * 2;", "return x * 3;");
    const hot = await program.hot(/a5_large|a5_user_20/);
    if (hot.functions.includes("a5_large")) assert.equal(hot.functions.length, 1, "nobody has a copy of its body");
    await bothShow(program, { "A5.sum": sumOf(7, 3) });
    program.edit("a5.h", "return ++calls;", "calls += 1;\n  return calls + 0 * calls;");
    await program.hotOrUnchanged();
    await bothShow(program, { "A5.counted": "kept" });
    await program.goesOn(5);
    await bothShow(program, { "A5.counted": "kept", "A5.sum": sumOf(7, 3) });
  },
};

const templates: Scenario = {
  row: "A6",
  name: "a function template and a member of a class template change in all their instances",
  async run(program) {
    await bothShow(program, { "A6.function": "6_3", "A6.member": "4_2.5" });
    program.edit("a6.h", "return value * 2;", "return value * 3;");
    await program.hot(/a6_scale|run_a6/);
    await bothShow(program, { "A6.function": "9_4.5", "A6.member": "4_2.5" });
    program.edit("a6.h", "return items[(count - 1) % 8];", "return items[(count - 1) % 8] + 1;");
    await program.hot(/A6Stack|run_a6/);
    await bothShow(program, { "A6.function": "9_4.5", "A6.member": "5_3.5" });
  },
};

const lambdas: Scenario = {
  row: "A8",
  name: "lambdas without captures and with the same ones: what was made of them before runs the new code",
  async run(program) {
    await bothShow(program, { "A8.plain": "2", "A8.capturing": "101" });
    program.edit("a8.cc", "return x + 1;", "return x + 10;");
    await program.hot();
    await bothShow(program, { "A8.plain": "11", "A8.capturing": "101" });
    program.edit("a8.cc", "return base + x;", "return base - 2 * x;");
    await program.hot();
    await bothShow(program, { "A8.plain": "11", "A8.capturing": "98" });
  },
};

const captures: Scenario = {
  row: "A9",
  name: "captures changed: closures that live keep their old code, new ones run the new",
  async run(program) {
    await bothShow(program, { "A9.old": "11", "A9.new": "21", "A9.copy": "12_same" });
    program.edit("a9.cc", "[a](int x) { return a + x; }", "[a, b](int x) { return int(b) * 1000 + a * 10 + x; }");
    const hot = await program.hot(/\bmake\b|run_a9/);
    assert.match((hot.notes ?? []).join("\n"), /closures that live keep .*make/);
    await bothShow(program, { "A9.old": "11", "A9.new": "300201", "A9.copy": "12_same" });
    // The new lambda is the one that is edited from now on.
    program.edit("a9.cc", "return int(b) * 1000 + a * 10 + x;", "return int(b) + a + x;");
    await program.hot();
    await bothShow(program, { "A9.old": "11", "A9.new": "321" });
    program.edit("a9.cc", "[a, b](int x) { return int(b) + a + x; }", "[&, a](int x) { return a * 2 + x; }");
    await program.hot();
    await bothShow(program, { "A9.old": "11", "A9.new": "41" });
  },
};

const insertedLambda: Scenario = {
  row: "A10",
  name: "a lambda inserted before another one: closures that live do what they did, and each is still the one it was",
  async run(program) {
    await bothShow(program, { "A10.old": "13_30", "A10.new": "23_60", "A10.types": "1" });
    program.edit(
      "a10.cc",
      "// place for a lambda",
      "*two = [a](int x) { return a - x; };\n  *one = [a, two](int x) { return a + x + 0 * int(!*two); };",
    );
    await program.hot(/\bfill\b|run_a10/);
    await bothShow(program, { "A10.old": "13_30", "A10.new": "23_60", "A10.types": "0" });
    // The last one was renumbered, and is still that of the closures that live.
    program.edit("a10.cc", "return a * x +", "return 1000 + a * x +");
    await program.hot();
    await bothShow(program, { "A10.old": "13_1030", "A10.new": "23_1060" });
    program.edit("a10.cc", "  *two = [a](int x) { return a - x; };\n", "");
    await program.hot(/\bfill\b|run_a10/);
    await bothShow(program, { "A10.old": "13_1030", "A10.new": "23_1060" });
    program.edit("a10.cc", "return 1000 + a * x +", "return 2000 + a * x +");
    await program.hot();
    await bothShow(program, { "A10.old": "13_2030", "A10.new": "23_2060" });
  },
};

const a11Calls = (pointer: number) => ({
  "A11.pointer": `${pointer}`,
  "A11.table": `${pointer + 1}`,
  "A11.function": `${pointer + 2}`,
  "A11.thread": `${pointer + 3}`,
});

const pointers: Scenario = {
  row: "A11",
  name: "a pointer, a table, a std::function, threads and qsort call the new code",
  async run(program) {
    await bothShow(program, { ...a11Calls(2), "A11.sorted": "123" });
    program.edit("a11.cc", "return x + 1;", "return x + 10;");
    await program.hot(/a11_step/);
    await bothShow(program, { ...a11Calls(11), "A11.sorted": "123" });
    program.edit("a11.cc", "return (left > right) - (left < right);", "return (left < right) - (left > right);");
    await program.hot(/a11_compare/);
    await bothShow(program, { ...a11Calls(11), "A11.sorted": "321" });
  },
};

runScenarios(
  "code of callables",
  "callables",
  [inlineFunctions, templates, lambdas, captures, insertedLambda, pointers],
  { inBoth: true },
);
