// Scenarios B: variables with constructors and destructors, and thread-local ones, beside code that is edited.

import assert from "node:assert/strict";
import { bothShow, historyInBoth } from "./both_modules.js";
import type { Program } from "./program.js";
import { runScenarios, type Scenario } from "./scenario_suite.js";

/** What was there from the start is neither made nor destroyed again, and holds what it held. */
async function keepsObjects(program: Program, made: number): Promise<void> {
  await program.goesOn(3);
  assert.equal(historyInBoth(program, "B5.made").at(-1), `${made}_0`);
  assert.deepEqual(historyInBoth(program, "B5.first"), ["from_1"]);
  assert.deepEqual(historyInBoth(program, "B5.second"), ["from_1"]);
  assert.deepEqual(historyInBoth(program, "B5.items"), ["from_2"]);
}

const PLACE = "// place for variables";

/** A new variable that cannot be constructed rightly: refused with its file and line, and nothing of it is applied. */
async function refusesConstructor(program: Program, variable: string, message: RegExp): Promise<void> {
  program.edit("b5.cc", PLACE, `${PLACE}\n${variable}`);
  const refused = await program.restartNeeded();
  const reason = refused.reasons.find(({ code }) => code === "E_INITIALIZER");
  assert.ok(reason !== undefined && reason.file?.endsWith("b5.cc") === true, JSON.stringify(refused));
  assert.match(reason.message, message);
  const lines = program.workspace.read("b5.cc").split("\n");
  assert.equal(reason.line, lines.indexOf(variable) + 1, JSON.stringify(refused));
  program.edit("b5.cc", `${PLACE}\n${variable}`, PLACE);
  await program.unchanged();
}

const constructors: Scenario = {
  row: "B5",
  name: "no constructor or destructor of a file runs again when it is edited",
  async run(program) {
    await bothShow(program, { "B5.version": "1", "B5.made": "2_0" });
    program.edit("b5.cc", "b5_version() { return 1; }", "b5_version() { return 2; }");
    await program.hot(/b5_version/);
    await bothShow(program, { "B5.version": "2" });
    await keepsObjects(program, 2);
    program.edit("b5.cc", "return ++first.value;", "first.value += 1;\n  return first.value + 0 * items.size();");
    await program.hotOrUnchanged();
    await keepsObjects(program, 2);
    // A static of a function is constructed when control first reaches it: once.
    program.edit(
      "b5.cc",
      "// place for an inner variable\n  return 0;",
      `static B5Object inner("inner");\n  return ++inner.value;`,
    );
    await program.hot(/b5_inner/);
    await bothShow(program, { "B5.inner": "from_1", "B5.made": "3_0" });
    // It is there, and control goes past its initializer.
    program.edit("b5.cc", `static B5Object inner("inner")`, `static B5Object inner("changed")`);
    const { notes: ofStatic = [] } = await program.hot(/b5_inner/);
    assert.match(ofStatic.join("\n"), /b5\.cc:\d+: the initializer of \S*inner may have changed: if it ran already/);
    program.edit("b5.cc", `static B5Object inner("changed")`, `static B5Object inner("inner")`);
    await program.hot(/b5_inner/);
    await bothShow(program, { "B5.inner": "from_1", "B5.made": "3_0" });
    // An initializer that changed does not run again, which is told with its line, or that of one beside it.
    program.edit("b5.cc", `b5_global("second")`, `b5_global("changed")`);
    const { notes = [] } = await program.unchanged();
    assert.match(notes.join("\n"), /b5\.cc:[678]: the initializer of \S+, or of a variable beside it, changed/);
    program.edit("b5.cc", `b5_global("changed")`, `b5_global("second")`);
    await program.unchanged();
    await keepsObjects(program, 3);
  },
};

const newObjects: Scenario = {
  row: "B5",
  name: "new globals and statics are constructed once, beside others that are not constructed again",
  async run(program, { name }) {
    program.edit(
      "b5.cc",
      PLACE,
      [
        `static bool left_out = b5_made() > 0;`,
        `static B5Object added("added");`,
        `B5Object b5_more("more");`,
        `namespace {`,
        `namespace words { std::vector<std::string> list{"a word that is long enough for the heap", "two"}; }`,
        `int number = b5_made(),`,
        `    other = 2 * b5_made();`,
        `}`,
        `struct B5Holder { static B5Object outside; static inline B5Object inside{"inside"}; };`,
        `B5Object B5Holder::outside("outside");`,
        // clang keeps its only member.
        `struct B5Small { explicit B5Small(long number) : value(number) {} long value; };`,
        `static B5Small small(b5_made());`,
        PLACE,
      ].join("\n"),
    );
    const { notes = [] } = await program.hotOrUnchanged();
    // What optimisers leave out is not initialized, which is told; nothing is told of the others.
    const told = notes.filter((note) => /initializer/.test(note));
    assert.equal(told.length, name.endsWith("-O0") ? 0 : 1, told.join("\n"));
    if (told[0] !== undefined)
      assert.match(told[0], /b5\.cc: initializers may have changed, or be new and set no variable/);
    program.edit(
      "b5.cc",
      "// place for added variables\n  return 0;",
      [
        "b5_more.value += B5Holder::inside.value + B5Holder::outside.value;",
        "if (b5_made() < 0) number += 1, other += 1, small.value += 1;",
        "return ++added.value + b5_more.value + long(words::list.size()) + (number > 2 && other > 4 && small.value > 2 ? 0 : 1000);",
      ].join("\n"),
    );
    await program.hot(/b5_added/);
    // At -O2 some of them came with the first of the two saves, and some with the second.
    await bothShow(program, { "B5.added": "from_3", "B5.made": "7_0" });
    program.edit("b5.cc", "b5_version() { return 2; }", "b5_version() { return 3; }");
    await program.hot(/b5_version/);
    await bothShow(program, { "B5.version": "3" });
    await keepsObjects(program, 7);
    program.edit("b5_plain.cc", PLACE, `static B5Object plain("plain");\n${PLACE}`);
    await program.hotOrUnchanged();
    program.edit("b5_plain.cc", "// place for code\n  return 0;", "return ++plain.value;");
    await program.hot(/b5_plain/);
    await bothShow(program, { "B5.plain": "from_1", "B5.made": "8_0" });
    await keepsObjects(program, 8);
    for (const name of ["inner", "plain"]) assert.deepEqual(historyInBoth(program, `B5.${name}`), ["from_1"]);
    assert.deepEqual(historyInBoth(program, "B5.added"), ["from_3"]);
  },
};

const refusedObjects: Scenario = {
  row: "B5",
  name: "a new global is refused by line if it cannot be constructed alone; one that throws leaves the program as it was",
  async run(program) {
    const lambda = "std::vector<int (*)()> b5_functions{[] { static int calls = 7; return ++calls; }};";
    await refusesConstructor(program, lambda, /lambda/);
    // It would run with the old version of what was edited in the same save.
    program.editAll({
      "b5.cc": [PLACE, `int b5_copy = b5_version() + b5_made();\n${PLACE}`],
    });
    await program.hotOrUnchanged();
    program.edit("b5.cc", "b5_version() { return 3; }", "b5_version() { return 4 * (b5_made() > 0); }");
    await program.hot(/b5_version/);
    await bothShow(program, { "B5.version": "4" });
    program.editAll({
      "b5.cc": [
        "b5_version() { return 4 * (b5_made() > 0); }",
        "b5_version() { return 5 * (b5_made() > 0); }\nint b5_late = b5_version() + b5_made();",
      ],
    });
    const refused = await program.restartNeeded();
    assert.match(refused.reasons[0]?.message ?? "", /b5_version\(\), which changed in the same save/);
    program.edit("b5.cc", "\nint b5_late = b5_version() + b5_made();", "");
    await program.hot(/b5_version/);
    await bothShow(program, { "B5.version": "5" });
    // What throws ends nothing, and leaves nothing in the way of the next save.
    program.edit("b5.cc", PLACE, `int b5_thrown = b5_throw();\n${PLACE}`);
    const thrown = await program.nextVerdict();
    assert.ok(thrown.type === "error" && thrown.code === "E_AGENT_CONSTRUCTOR", JSON.stringify(thrown));
    program.edit("b5.cc", "int b5_thrown = b5_throw();", `int b5_thrown = b5_made();`);
    await program.hot();
    program.edit("b5.cc", "return 5 * (b5_made() > 0)", "return b5_thrown");
    await program.hot(/b5_version/);
    await bothShow(program, { "B5.version": "8" });
    await keepsObjects(program, 8);
  },
};

const destructors: Scenario = {
  row: "B11",
  name: "every object is destroyed once, at exit, whether it was there from the start or came with a patch",
  async run(program) {
    const { pid } = program;
    await bothShow(program, { "B5.inner": "from_1" });
    const start = program.log.printed;
    program.edit("b5.cc", "b5_is_over() { return false; }", "b5_is_over() { return true; }");
    await program.hot(/b5_is_over/);
    const ended = await program.server.until("the program to end", () =>
      program.server.processStates().find((state) => state.state === "exited" && state.pid === pid),
    );
    assert.equal(ended.code, 0, JSON.stringify(ended));
    const destroyed = program.log.since(start).filter((line) => line.startsWith("destroyed "));
    const names = ["added", "first", "inner", "inside", "more", "outside", "plain", "second"];
    const twice = names.flatMap((name) => [`destroyed ${name}`, `destroyed ${name}`]); // in each of the two modules
    assert.deepEqual([...destroyed].sort(), twice);
    // The next save starts it again.
    program.log.forget();
    program.edit("b5.cc", "b5_is_over() { return true; }", "b5_is_over() { return false; }");
    await program.connected();
    // In a process of these sources, it is made when fewer others are.
    await bothShow(program, { "B5.version": "6" });
  },
};

const newThreadLocals: Scenario = {
  row: "B6",
  name: "a new thread-local variable is every thread's own, and constructed once in each; a second one beside it is refused",
  async run(program) {
    program.edit("b6.cc", "// place for variables", "static thread_local long b6_mine = 70;");
    await program.hotOrUnchanged();
    program.edit("b6.cc", "// place for code\n  return 0;", "return ++b6_mine;");
    await program.hot(/b6_step/);
    await bothShow(program, { "B6.main": "from_71", "B6.other": "own_71" });
    program.edit("b6.cc", "return ++b6_mine;", "b6_mine += 1;\n  return b6_mine + 0 * sizeof(b6_mine);");
    await program.hotOrUnchanged();
    await program.goesOn(10);
    assert.deepEqual(historyInBoth(program, "B6.main"), ["from_71"]);
    assert.deepEqual(historyInBoth(program, "B6.other"), ["own_71"]);
    program.edit(
      "b6_made.cc",
      PLACE,
      `struct B6Made { B6Made() : value(90) {} ~B6Made() { value = -1; } long value; };\nstatic thread_local B6Made made;\n${PLACE}`,
    );
    await program.hotOrUnchanged();
    program.edit("b6_made.cc", "// place for code\n  return 0;", "return ++made.value;");
    await program.hot(/b6_made/);
    await bothShow(program, { "B6.made": "from_91", "B6.made_in_thread": "91" });
    program.edit("b6_made.cc", "return ++made.value;", "made.value += 1;\n  return made.value + 0 * sizeof(made);");
    await program.hotOrUnchanged();
    await program.goesOn(10);
    assert.deepEqual(historyInBoth(program, "B6.made"), ["from_91"]);
    assert.deepEqual(historyInBoth(program, "B6.made_in_thread"), ["91"]);
    // Each thread runs the initializers of a file together, and these threads have.
    program.edit("b6_made.cc", PLACE, "static thread_local B6Made second;\nlong b6_second() { return second.value; }");
    const refused = await program.restartNeeded();
    // At -O2 gcc reaches all thread-locals of a file from one base, which new ones do not have.
    const reason = refused.reasons.find(({ code }) => code === "E_THREAD_LOCAL" || code === "E_INITIALIZER");
    assert.ok(reason, JSON.stringify(refused));
    if (reason.code === "E_INITIALIZER") assert.equal(reason.line, 3, JSON.stringify(refused));
  },
};

runScenarios("state_objects", "objects", [constructors, newObjects, refusedObjects, destructors, newThreadLocals], {
  inBoth: true,
});
