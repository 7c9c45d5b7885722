// Scenarios B: variables with constructors and destructors, and thread-local ones, beside code that is edited.

import assert from "node:assert/strict";
import type { Program } from "./program.js";
import { runScenarios, type Scenario } from "./scenario_suite.js";

/** What was there from the start is neither made nor destroyed again, and holds what it held. */
async function keepsObjects(program: Program, made: number): Promise<void> {
  await program.goesOn(3);
  assert.equal(program.log.value("B5.made"), `${made}_0`);
  assert.deepEqual(program.log.history("B5.first"), ["from_1"]);
  assert.deepEqual(program.log.history("B5.second"), ["from_1"]);
  assert.deepEqual(program.log.history("B5.items"), ["from_2"]);
}

/** A new variable that would have to be constructed: refused with its file and line, and nothing of it is applied. */
async function refusesConstructor(program: Program, file: string, place: string, variable: string): Promise<void> {
  program.edit(file, place, `${place}\n${variable}`);
  const refused = await program.restartNeeded();
  const reason = refused.reasons.find(({ code }) => code === "E_INITIALIZER");
  assert.ok(reason !== undefined && reason.file?.endsWith(file), JSON.stringify(refused));
  const lines = program.workspace.read(file).split("\n");
  assert.equal(reason.line, lines.indexOf(variable) + 1, JSON.stringify(refused));
  program.edit(file, `${place}\n${variable}`, place);
  await program.unchanged();
}

const constructors: Scenario = {
  row: "B5",
  name: "no constructor or destructor of a file runs again when it is edited; a new global that has one is refused by line",
  soFar: "new function statics; new globals with a constructor are refused",
  async run(program) {
    await program.shows({ "B5.version": "1", "B5.made": "2_0" });
    program.edit("b5.cc", "b5_version() { return 1; }", "b5_version() { return 2; }");
    await program.hot(/b5_version/);
    await program.shows({ "B5.version": "2" });
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
    await program.shows({ "B5.inner": "from_1", "B5.made": "3_0" });
    program.edit("b5.cc", "b5_version() { return 2; }", "b5_version() { return 3; }");
    await program.hot(/b5_version/);
    await program.shows({ "B5.version": "3" });
    await keepsObjects(program, 3);
    await refusesConstructor(program, "b5.cc", "// place for variables", `static B5Object added("added");`);
    await refusesConstructor(program, "b5.cc", "// place for variables", `B5Object b5_added("added");`);
    await keepsObjects(program, 3);
    assert.deepEqual(program.log.history("B5.inner"), ["from_1"]);
  },
};

const destructors: Scenario = {
  row: "B11",
  name: "every object is destroyed once, at exit, whether it was there from the start or came with a patch",
  async run(program) {
    const { pid } = program;
    await program.shows({ "B5.inner": "from_1" });
    const start = program.log.printed;
    program.edit("b5.cc", "b5_is_over() { return false; }", "b5_is_over() { return true; }");
    await program.hot(/b5_is_over/);
    const ended = await program.server.until("the program to end", () =>
      program.server.processStates().find((state) => state.state === "exited" && state.pid === pid),
    );
    assert.equal(ended.code, 0, JSON.stringify(ended));
    const destroyed = program.log.since(start).filter((line) => line.startsWith("destroyed "));
    assert.deepEqual([...destroyed].sort(), ["destroyed first", "destroyed inner", "destroyed second"]);
    // The next save starts it again.
    program.log.forget();
    program.edit("b5.cc", "b5_is_over() { return true; }", "b5_is_over() { return false; }");
    await program.connected();
    await program.shows({ "B5.version": "3" });
  },
};

const newThreadLocals: Scenario = {
  row: "B6",
  name: "a new thread-local variable is every thread's own; one with a constructor beside it is refused",
  soFar: "trivial ones are hot, those with a constructor refused",
  async run(program) {
    program.edit("b6.cc", "// place for variables", "static thread_local long b6_mine = 70;");
    await program.hotOrUnchanged();
    program.edit("b6.cc", "// place for code\n  return 0;", "return ++b6_mine;");
    await program.hot(/b6_step/);
    await program.shows({ "B6.main": "from_71", "B6.other": "own_71" });
    program.edit("b6.cc", "return ++b6_mine;", "b6_mine += 1;\n  return b6_mine + 0 * sizeof(b6_mine);");
    await program.hotOrUnchanged();
    await program.goesOn(10);
    assert.deepEqual(program.log.history("B6.main"), ["from_71"]);
    assert.deepEqual(program.log.history("B6.other"), ["own_71"]);
    program.edit(
      "b6.cc",
      "static thread_local long b6_mine = 70;",
      "static thread_local long b6_mine = 70;\nlong b6_start();\nstatic thread_local long b6_made = b6_start();\nlong b6_start() { return b6_mine; }\nlong b6_made_here() { return b6_made; }",
    );
    const refused = await program.restartNeeded();
    // At -O2 gcc reaches all thread-locals of a file from one base, which new ones do not have.
    const reason = refused.reasons.find(({ code, message }) => code === "E_THREAD_LOCAL" || /b6_made/.test(message));
    assert.ok(reason, JSON.stringify(refused));
    if (reason.code === "E_INITIALIZER") assert.equal(reason.line, 3, JSON.stringify(refused));
  },
};

runScenarios("state_objects", "objects", [constructors, destructors, newThreadLocals]);
