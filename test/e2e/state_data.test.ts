// Scenarios B: the data itself is edited: initial values, constants, sizes and names of variables.

import assert from "node:assert/strict";
import { bothShow, historyInBoth } from "./both_modules.js";
import type { RestartNeeded } from "./dev_messages.js";
import type { Program } from "./program.js";
import { runScenarios, type Scenario } from "./scenario_suite.js";

/** The variables that are in the report, new or with new contents. */
function names(hot: { readonly variables: readonly string[] }, ...patterns: readonly RegExp[]): void {
  for (const pattern of patterns) {
    assert.ok(
      hot.variables.some((name) => pattern.test(name)),
      `no ${pattern} among ${hot.variables.join(", ")}`,
    );
  }
}

/** The verdict names the file, the line and what it is about; then the edit is taken back, and nothing is to be done. */
async function refusedAndTakenBack(
  program: Program,
  file: string,
  [from, to]: readonly [string, string],
  expected: { readonly code: string; readonly message: RegExp; readonly line?: string },
): Promise<RestartNeeded> {
  program.edit(file, from, to);
  const verdict = await program.restartNeeded();
  const reason = verdict.reasons.find(({ code, message }) => code === expected.code && expected.message.test(message));
  assert.ok(reason, `no ${expected.code} ${expected.message} in ${JSON.stringify(verdict.reasons)}`);
  if (expected.line !== undefined) {
    const line =
      program.workspace
        .read(file)
        .split("\n")
        .findIndex((text) => text.includes(expected.line ?? "")) + 1;
    assert.ok(reason.file?.endsWith(file), JSON.stringify(reason));
    assert.equal(reason.line, line, JSON.stringify(reason));
  }
  program.edit(file, to, from);
  await program.unchanged();
  return verdict;
}

/** Initial values of one of the two files: those that still are what they were change, the one that was used stays. */
function initialValues(file: string, prefix: string, row: string): Scenario["run"] {
  return async (program) => {
    await program.shows({ [`${row}.limit`]: "10", [`${row}.used`]: "31", [`${row}.pair`]: "1_one_1" });
    program.edit(file, `${prefix}_limit = 10;`, `${prefix}_limit = 11;`);
    names(await program.hot(), /limit/);
    await program.shows({ [`${row}.limit`]: "11" });
    program.edit(file, `${prefix}_limit = 11;`, `${prefix}_limit = 12;`);
    names(await program.hot(), /limit/);
    program.edit(file, "hidden = 20;", "hidden = 21;");
    names(await program.hot(), /hidden/);
    program.edit(file, "inner = 40;", "inner = 41;");
    names(await program.hot(), /inner/);
    await program.shows({ [`${row}.limit`]: "12", [`${row}.hidden`]: "21", [`${row}.inner`]: "41" });

    program.edit(file, `${prefix}_used = 30;`, `${prefix}_used = 35;`);
    const kept = await program.hot();
    assert.ok(kept.notes?.some((note) => /initializer of \S+_used changed; the live value stays/.test(note)));
    assert.ok(!kept.variables.some((name) => /used/.test(name)));

    // From .bss to .data, and back.
    program.edit(file, `${prefix}_zero;`, `${prefix}_zero = 2.5;`);
    names(await program.hot(), /zero/);
    await program.shows({ [`${row}.zero`]: "2.5", [`${row}.used`]: "31" });
    program.edit(file, `${prefix}_zero = 2.5;`, `${prefix}_zero;`);
    names(await program.hot(), /zero/);
    await program.shows({ [`${row}.zero`]: "0" });

    // Pointers: to strings, which have no name, and to functions.
    for (const [from, to] of [
      ["alpha", "beta"],
      ["beta", "gamma"],
    ] as const) {
      program.edit(file, `"${from}"`, `"${to}"`);
      names(await program.hot(), /text/);
      await program.shows({ [`${row}.text`]: to });
    }
    program.edit(file, `{1, "one", plus_one}`, `{2, "two", plus_two}`);
    names(await program.hot(), /pair/);
    await program.shows({ [`${row}.pair`]: "2_two_2" });
    program.edit(file, `{2, "two", plus_two}`, `{3, "three", plus_one}`);
    names(await program.hot(), /pair/);
    await program.shows({ [`${row}.pair`]: "3_three_1", [`${row}.limit`]: "12", [`${row}.used`]: "31" });
    await program.goesOn(5);
    assert.deepEqual(program.log.history(`${row}.used`), ["31"]);
  };
}

const initialValuesOfC: Scenario = {
  row: "B7",
  name: "a new initial value is applied where the live one still is the old one, else kept and reported",
  level: "executable",
  run: initialValues("b7.c", "b7", "B7.c"),
};

const initialValuesOfLibrary: Scenario = {
  row: "B7",
  name: "the same for variables of a shared library in C++",
  level: "shared",
  run: initialValues("b7_shared.cc", "b7_shared", "B7.shared"),
};

const constants: Scenario = {
  row: "B8",
  name: "contents of constant tables and arrays that changed are seen by old and new code",
  level: "executable",
  async run(program) {
    await program.shows({ "B8.held": "one_1_2", "B8.new": "one_1_2", "B8.sum": "8", "B8.c": "4_4" });
    program.edit("b8.cc", `{"one", 1, twice}`, `{"uno", 100, thrice}`);
    names(await program.hot(), /table/);
    await program.shows({ "B8.held": "uno_100_3", "B8.new": "uno_100_3", "B8.table_at": "kept", "B8.sum": "306" });
    program.edit("b8.cc", `"uno", 100`, `"un", 50`);
    await program.hot();
    await program.shows({ "B8.held": "un_50_3", "B8.new": "un_50_3", "B8.table_at": "kept", "B8.sum": "156" });
    program.edit("b8.cc", "{10, 20, 30}", "{10, 25, 30}");
    names(await program.hot(), /b8_global/);
    program.edit("b8.cc", `"banner"`, `"BANNER"`);
    names(await program.hot(), /b8_banner/);
    program.edit("b8_c.c", "{1, 2, 3, 4}", "{1, 2, 3, 44}");
    await program.hot();
    await program.shows({ "B8.global": "25", "B8.banner": "BANNER", "B8.c": "44_44" });
    // Code that is new, and the table that it had before.
    program.edit("b8.cc", "sum += entry.run(entry.value);", "sum += 2 * entry.run(entry.value);");
    await program.hot(/b8_sum/);
    await program.shows({ "B8.sum": "312", "B8.table_at": "kept" });
    // A string belongs to the code that names it: what was handed out stays what it was.
    program.edit("b8.cc", `"word"`, `"words"`);
    await program.hot(/b8_word/);
    await program.shows({ "B8.word": "word_words" });
    await refusedAndTakenBack(program, "b8.cc", [`{"two", 2, thrice}}`, `{"two", 2, thrice}, {"three", 3, twice}}`], {
      code: "E_CONSTANT",
      message: /table changed from 48 to 72 bytes/,
      line: "static const B8Entry table",
    });
    await program.shows({ "B8.sum": "312" });
  },
};

const sharedConstants: Scenario = {
  row: "B8",
  name: "constants of a shared library, and of a header that it shares with the executable",
  level: "shared",
  async run(program) {
    await program.shows({ "B8.shared": "shared_7", "B8.inline": "3_3_3" });
    program.edit("b8_shared.cc", `{"shared", 7, once}`, `{"common", 8, once}`);
    names(await program.hot(), /table/);
    await program.shows({ "B8.shared": "common_8" });
    program.edit("b8.h", "b8_inline[3] = {1, 2, 3};", "b8_inline[3] = {1, 2, 33};");
    names(await program.hot(), /b8_inline/);
    await program.shows({ "B8.inline": "33_33_33" });
  },
};

const shapes: Scenario = {
  row: "B9",
  name: "an array that is longer, another type, another name: refused with the reason, and nothing is lost",
  async run(program) {
    await bothShow(program, { "B9.sizes": "6", "B9.counter": "from_101", "B9.value": "1.5", "B9.c_count": "from_501" });
    await refusedAndTakenBack(program, "b9.cc", ["int numbers[3] = {1, 2, 3};", "int numbers[4] = {1, 2, 3, 4};"], {
      code: "E_VARIABLE",
      message: /numbers changed from (12 to 16 bytes|int\[3\] to int\[4\])/,
      line: "int numbers[",
    });
    await refusedAndTakenBack(program, "b9.cc", ["float b9_value = 1.5f;", "int b9_value = 1;"], {
      code: "E_VARIABLE",
      message: /b9_value/,
      line: "b9_value =",
    });
    const text = program.workspace.read("b9.cc");
    program.save("b9.cc", text.replaceAll("counter", "kounter").replace("long b9_kounter()", "long b9_counter()"));
    const renamed = await program.restartNeeded();
    const reason = renamed.reasons.find(({ message }) => /counter is gone and kounter, like it, is new/.test(message));
    assert.ok(reason?.code === "E_VARIABLE" && reason.file?.endsWith("b9.cc") && reason.line, JSON.stringify(renamed));
    program.save("b9.cc", text);
    await program.unchanged();
    program.editAll({
      "b9_c.c": ["static long count = 500;\n  return ++count;", "static long number = 500;\n  return ++number;"],
    });
    const inC = await program.restartNeeded();
    assert.ok(
      inC.reasons.some(({ message }) => /count is gone and \S*number, like it, is new/.test(message)),
      JSON.stringify(inC),
    );
    program.edit(
      "b9_c.c",
      "static long number = 500;\n  return ++number;",
      "static long count = 500;\n  return ++count;",
    );
    await program.unchanged();
    await program.goesOn(5);
    for (const name of ["counter", "c_count", "numbers"]) {
      assert.equal(historyInBoth(program, `B9.${name}`).length, 1, `${name} goes on counting`);
    }
  },
};

const sameNames: Scenario = {
  row: "B10",
  name: "two statics of one name in one function: an edit beside them is hot, their order swapped is refused",
  async run(program) {
    const counts = { one: "from_1001", two: "from_2001", cxx_one: "from_1001", cxx_two: "from_2001" };
    for (const [file, prefix] of [
      ["b10.c", ""],
      ["b10.cc", "cxx_"],
    ] as const) {
      await bothShow(program, { [`B10.${prefix}version`]: "1", [`B10.${prefix}one`]: "from_1001" });
      program.edit(file, "return 1;", "return 2;");
      await program.hot(/version/);
      await bothShow(program, { [`B10.${prefix}version`]: "2" });
      const text = program.workspace.read(file);
      for (const [first, second] of [
        ["static long n = 1000;\n    return ++n;", "static long n = 2000;\n    return n += 1;"],
      ] as const) {
        const swapped = text.replace(first, "HERE").replace(second, first).replace("HERE", second);
        program.save(file, swapped);
        const refused = await program.restartNeeded();
        assert.ok(
          refused.reasons.some(
            ({ code, message }) => code === "E_VARIABLE" && /several static variables/.test(message),
          ),
          JSON.stringify(refused),
        );
        program.save(file, text);
        await program.unchanged();
      }
      // Another one before them: which is which cannot be told either.
      program.edit(
        file,
        "  if (which == 1) {",
        "  if (which == 3) {\n    static long n = 3000;\n    return ++n;\n  }\n  if (which == 1) {",
      );
      const added = await program.restartNeeded();
      assert.ok(
        added.reasons.some(({ code }) => code === "E_VARIABLE"),
        JSON.stringify(added),
      );
      program.save(file, text);
      await program.unchanged();
    }
    await program.goesOn(5);
    for (const [name, value] of Object.entries(counts))
      assert.deepEqual(historyInBoth(program, `B10.${name}`), [value]);
  },
};

const kinds: Scenario = {
  row: "B13",
  name: "common variables, hidden variables and variables of another module keep their value and address",
  async run(program) {
    const counts = { "B13.hidden": "from_101", "B13.other_module": "from_151", "B13.common": "from_1" };
    const kept = Object.fromEntries(Object.keys(counts).map((name) => [`${name}_at`, "kept"]));
    await bothShow(program, { "B13.version": "1", "B13.one_variable": "1", "B13.factor": "1", ...counts, ...kept });
    program.edit("b13.c", "view.version = 1;", "view.version = 2;");
    await program.hot(/b13_look/);
    await bothShow(program, { "B13.version": "2", ...counts, ...kept });
    program.edit("b13_common.c", "b13_common * 1", "b13_common * 2");
    await program.hot(/b13_common_step/);
    await bothShow(program, { "B13.factor": "2", ...counts, ...kept });
    program.editAll({ "b13_common.c": ["/* place for variables */", "long b13_new_common;"] });
    await program.hotOrUnchanged();
    program.edit("b13_common.c", "return 0;", "return &b13_new_common;");
    await program.hot(/b13_added/);
    await bothShow(program, { "B13.added": "from_1", "B13.added_at": "kept" });
    program.edit("b13_common.c", "b13_common * 2", "b13_common * 3");
    await program.hot(/b13_common_step/);
    await bothShow(program, { "B13.factor": "3", ...counts, ...kept, "B13.added": "from_1", "B13.added_at": "kept" });
    await program.goesOn(5);
    for (const [name, value] of Object.entries(counts)) assert.deepEqual(historyInBoth(program, name), [value], name);
    assert.deepEqual(historyInBoth(program, "B13.one_variable"), ["1"]);
  },
};

const members: Scenario = {
  row: "B14",
  name: "a member that new code writes is read by old code; a static inside a template keeps its value",
  level: "executable",
  async run(program) {
    await program.shows({ "B14.state": "0_1", "B14.template": "from_601" });
    program.edit(
      "b14.cc",
      "b14_state.other = 1;",
      "b14_state.written += b14_state.written < 7;\n  b14_state.other = 2;",
    );
    await program.hot(/b14_write/);
    await program.goesOn(2); // the first of its two numbers goes up with each tick
    assert.match(program.log.value("B14.state") ?? "", /_2$/);
    program.edit("b14.h", "return value += 1;", "value += 1;\n    return value + 0 * sizeof(value);");
    await program.hotOrUnchanged();
    await program.goesOn(8);
    assert.equal(program.log.value("B14.state"), "7_2");
    assert.deepEqual(program.log.history("B14.template"), ["from_601"]);
  },
};

const tenReloads: Scenario = {
  row: "B14",
  name: "statics of a shared library stay one variable over ten reloads",
  level: "shared",
  async run(program) {
    await program.shows({ "B14.shared": "from_1", "B14.shared_extra": "0" });
    for (let extra = 1; extra <= 10; extra++) {
      program.edit("b14_shared.cc", `steps + ${extra - 1}`, `steps + ${extra}`);
      await program.hot(/b14_shared_step/);
      await program.shows({ "B14.shared_extra": String(extra) });
    }
    assert.deepEqual(program.log.history("B14.shared"), ["from_1"]);
    assert.deepEqual(program.log.history("B14.shared_at"), ["kept"]);
  },
};

runScenarios(
  "state_data",
  "data",
  [initialValuesOfC, initialValuesOfLibrary, constants, sharedConstants, shapes, sameNames, kinds, members, tenReloads],
  { inBoth: true },
);
