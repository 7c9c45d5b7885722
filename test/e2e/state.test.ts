// Scenarios B: code is changed, and every variable stays where it is and what it is.

import assert from "node:assert/strict";
import { bothShow, historyInBoth } from "./both_modules.js";
import type { Program } from "./program.js";
import { runScenarios, type Scenario } from "./scenario_suite.js";

/** Variable of b1.cc -> the value that it had first. */
const b1Variables: Readonly<Record<string, number>> = {
  global: 101,
  file_static: 201,
  zero: 1,
  anonymous: 1001,
  function_static: 251,
  guarded: 301,
  in_class: 401,
  inline_in_class: 601,
  inline: 501,
  template: 701,
  template_function: 801,
  inline_function: 901,
};

async function keepsB1(program: Program, version: string): Promise<void> {
  await bothShow(program, { "B1.version": version });
  await program.goesOn(5);
  for (const [name, first] of Object.entries(b1Variables)) {
    assert.deepEqual(historyInBoth(program, `B1.${name}`), [`from_${first}`], `${name} goes on counting`);
    assert.deepEqual(historyInBoth(program, `B1.${name}_at`), ["kept"], `${name} stays where it is`);
  }
  assert.deepEqual(historyInBoth(program, "B1.constructed"), ["1_0"], "constructed once, never destroyed");
  assert.deepEqual(historyInBoth(program, "B1.one_variable"), ["1"], "old and new code see the same variables");
}

const variables: Scenario = {
  row: "B1",
  name: "statics of every kind keep address and value when the function beside them is edited",
  async run(program) {
    await keepsB1(program, "1");
    program.edit("b1.cc", "const int version = 1;", "const int version = 2;");
    await program.hot(/b1_step/);
    await keepsB1(program, "2");
    // All code that names a variable is new, in another order.
    program.edit("b1.cc", "  b1_global += 1;\n  file_static += 1;\n", "  file_static += 1;\n  b1_global += 1;\n");
    await program.hotOrUnchanged();
    program.edit(
      "b1.cc",
      "guarded(b1_first_value());\n",
      "guarded(b1_first_value() + 1000);\n  if (zero < 0) return {};\n",
    );
    await program.hot(/b1_step/);
    program.edit("b1.cc", "const int version = 2;", "const int version = 3;");
    await program.hot(/b1_step/);
    await keepsB1(program, "3");
    program.edit("b1.h", "static T value = 800;\n", "static T value = 800;\n  value += 0 * sizeof(T);\n");
    await program.hotOrUnchanged();
    program.edit(
      "b1_user.cc",
      "B1Counted::B1Counted(int from) : value(from) {",
      "B1Counted::B1Counted(int from) : value(from + 1) {",
    );
    await program.hot(/B1Counted::B1Counted/);
    await keepsB1(program, "3");
  },
};

const b2Counts = {
  "B2.one_count": "from_1001",
  "B2.one_inner": "from_11",
  "B2.two_count": "from_5001",
  "B2.two_inner": "from_51",
  "B2.object_one_value": "from_101",
  "B2.object_two_value": "from_201",
};

const sameNames: Scenario = {
  row: "B2",
  name: "same-named statics of two files with the same base name stay apart",
  async run(program) {
    await bothShow(program, { ...b2Counts, "B2.one": "1", "B2.two": "2", "B2.object_one": "3", "B2.object_two": "4" });
    program.edit("one/counter.c", "return 1;", "return 11;");
    await program.hot(/b2_one/);
    await bothShow(program, { ...b2Counts, "B2.one": "11", "B2.two": "2" });
    program.edit("two/counter.c", "inner += 1;\n  count += 1;", "count += 1;\n  inner = inner + (count > 0);");
    await program.hot();
    await bothShow(program, { ...b2Counts, "B2.one": "11", "B2.two": "2" });
    program.edit("two/counter.c", "return 2;", "return 22;");
    await program.hot(/b2_two/);
    await bothShow(program, { ...b2Counts, "B2.one": "11", "B2.two": "22" });
    program.edit("one/object.cc", "return 3 +", "return 33 +");
    await program.hot(/b2_object_one/);
    program.edit("two/object.cc", "return 4 +", "return 44 +");
    await program.hot(/b2_object_two/);
    await bothShow(program, { ...b2Counts, "B2.object_one": "33", "B2.object_two": "44" });
    await program.goesOn(5);
    for (const [name, value] of Object.entries(b2Counts)) assert.deepEqual(historyInBoth(program, name), [value], name);
  },
};

function nothingWrongInThreads(program: Program): void {
  assert.deepEqual(historyInBoth(program, "B3.wrong"), ["0"], "every thread keeps its values");
  assert.deepEqual(historyInBoth(program, "B3.moved"), ["0"], "every thread keeps its addresses");
}

const threadLocals: Scenario = {
  row: "B3",
  name: "thread-locals of both linkages keep their value in eight running threads",
  async run(program) {
    await bothShow(program, { "B3.version": "1" });
    for (let version = 2; version <= 5; version++) {
      program.edit("b3.cc", `seen->version = ${version - 1};`, `seen->version = ${version};`);
      await program.hot(/b3_work/);
      await bothShow(program, { "B3.version": String(version) });
      await program.goesOn(5);
      nothingWrongInThreads(program);
    }
  },
};

const sharedThreadLocals: Scenario = {
  row: "B3",
  name: "thread-locals of a shared library keep their value in eight running threads",
  level: "shared",
  async run(program) {
    await bothShow(program, { "B3.shared_version": "1" });
    for (let version = 2; version <= 4; version++) {
      program.edit("b3_shared.c", `*version = ${version - 1};`, `*version = ${version};`);
      await program.hot(/b3_shared_work/);
      await bothShow(program, { "B3.shared_version": String(version) });
      await program.goesOn(5);
      nothingWrongInThreads(program);
    }
  },
};

/** New variables in one of the two files, in three saves: each starts with its own value, and then keeps it. */
function newVariables(file: string, prefix: string, globals: string, code: string): Scenario["run"] {
  const counts = {
    [`${prefix}.global`]: "from_6",
    [`${prefix}.file_static`]: "from_8",
    [`${prefix}.function_static`]: "from_12",
    [`${prefix}.zero`]: "from_1",
  };
  const kept = Object.fromEntries(Object.keys(counts).map((name) => [`${name}_at`, "kept"]));
  const links = { [`${prefix}.pointed`]: "existing", [`${prefix}.function`]: "existing", [`${prefix}.text`]: "new" };
  return async (program) => {
    await bothShow(program, { [`${prefix}.version`]: "1", [`${prefix}.global`]: "none" });
    const text = program.workspace.read(file);
    program.save(
      file,
      text
        .replace(
          globals,
          `long ${prefix.replace(".", "_")}_global = 5;\nstatic long file_static = 7;\nstatic long zero;\n`,
        )
        .replace(
          code,
          `static long function_static = 11;
  view.global = &${prefix.replace(".", "_")}_global;
  view.file_static = &file_static;
  view.function_static = &function_static;
  view.zero = &zero;
  *view.global += 1;
  file_static += 1;
  function_static += 1;
  zero += 1;
  ${code}`,
        ),
    );
    const hot = await program.hot(/b4_/);
    for (const name of ["_global", "file_static", "function_static", "zero"]) {
      assert.ok(
        hot.variables.some((variable) => variable.includes(name)),
        `no ${name} among ${hot.variables.join(", ")}`,
      );
    }
    await bothShow(program, { ...counts, ...kept });
    // What the patch brought is kept by the next one.
    program.edit(file, "view.version = 1;", "view.version = 2;");
    await program.hot(/b4_/);
    await bothShow(program, { [`${prefix}.version`]: "2", ...counts, ...kept });
    // Initializers with addresses: of a variable, a function and a string.
    program.edit(
      file,
      code,
      `static struct { int *pointed; int (*function)(int); const char *text; } links = {
      &b4_existing, b4_existing_function, "new"};
  view.pointed = links.pointed;
  view.function = links.function;
  view.text = links.text;
  ${code}`,
    );
    await program.hot(/b4_/);
    await bothShow(program, { ...links, ...counts, ...kept });
    program.edit(file, "view.version = 2;", "view.version = 3;");
    await program.hot(/b4_/);
    await bothShow(program, { [`${prefix}.version`]: "3", ...links, ...counts, ...kept });
    await program.goesOn(5);
    for (const [name, value] of Object.entries(counts)) {
      assert.deepEqual(historyInBoth(program, name), ["none", value], `${name} never was anything else`);
    }
  };
}

const newInC: Scenario = {
  row: "B4",
  name: "new globals, statics and function statics in C start with their constant and keep their value",
  run: newVariables("b4_c.c", "B4.c", "/* place for globals */\n", "/* place for code */\n"),
};

const newInCxx: Scenario = {
  row: "B4",
  name: "new globals, statics and function statics in C++ start with their constant and keep their value",
  run: newVariables("b4.cc", "B4.cc", "// place for globals\n", "// place for code\n"),
};

const addresses: Scenario = {
  row: "B12",
  name: "addresses of variables taken in old code are right in new code, and the reverse",
  async run(program) {
    await bothShow(program, { "B12.version": "1", "B12.read": "1", "B12.one_variable": "1", "B12.other": "none" });
    program.edit(
      "b12.cc",
      `(int *, int *, int *, int *) {
  B12Answer answer = {};
  answer.version = 1;
`,
      `(int *old_static, int *old_global, int *old_shared, int *old_other) {
  B12Answer answer = {};
  answer.version = 2;
  answer.static_equal = old_static == &file_static;
  answer.global_equal = old_global == &b12_global;
  answer.shared_equal = old_shared == &b12_shared_value;
  answer.other_equal = old_other == &other;
  answer.address_of_static = &file_static;
  answer.address_of_other = &other;
`,
    );
    await program.hot(/b12_look/);
    await bothShow(program, { "B12.version": "2", "B12.read": "1", "B12.equal": "111", "B12.one_variable": "1" });
    await bothShow(program, { "B12.other": "read" });
    // A variable that is new: taken by this patch, written by old code, read by the next patch.
    program.edit("b12.cc", "// place for new variables", "static int added = 77;\n\n// place for new variables");
    await program.hotOrUnchanged(); // nothing uses it yet
    program.edit(
      "b12.cc",
      "answer.address_of_other = &other;",
      "answer.address_of_other = &other;\n  answer.address_of_added = &added;\n  answer.added = added;",
    );
    await program.hot(/b12_look/);
    await bothShow(program, { "B12.added": "read", "B12.other": "read", "B12.equal": "111" });
    program.edit("b12.cc", "answer.version = 2;", "answer.version = 3;");
    await program.hot(/b12_look/);
    await bothShow(program, { "B12.version": "3", "B12.added": "read", "B12.other": "read", "B12.read": "1" });
    await program.goesOn(5);
    assert.deepEqual(historyInBoth(program, "B12.one_variable"), ["1"]);
    assert.deepEqual(historyInBoth(program, "B12.read"), ["1"]);
  },
};

runScenarios("state", "state", [variables, sameNames, threadLocals, sharedThreadLocals, newInC, newInCxx, addresses], {
  inBoth: true,
});
