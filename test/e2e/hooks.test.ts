// Scenario E10: the program's own callbacks around a reload, and a program that reloads at a point of its own choosing.

import assert from "node:assert/strict";
import { runScenarios, type Scenario } from "./scenario_suite.js";

const atItsPoint: Scenario = {
  row: "E10",
  name: "changes come where the program polls, and its callback hears of the functions and files",
  async run(program) {
    await program.shows({ E10: "1", "E10.seen": "0", "E10.count": "from_41" });
    program.edit("e10.c", "return x + 1;", "return x + 2;");
    await program.hot(/e10_value/);
    await program.shows({ E10: "2", "E10.seen": "1", "E10.files": "e10.c", "E10.functions": "1" });
    await program.turn("undo");
    await program.shows({ E10: "1", "E10.seen": "2", "E10.files": "none" });
    await program.turn("redo");
    await program.shows({ E10: "2", "E10.seen": "3" });
    assert.equal(program.log.value("E10.torn"), undefined, "no tick ran two versions");
  },
};

const declined: Scenario = {
  row: "E10",
  name: "the program declines a change with its reason; when it allows it, the next save brings it",
  async run(program) {
    program.edit("e10.c", "return x + 9;", "return x + 10;");
    const verdict = await program.nextVerdict();
    assert.ok(verdict.type === "error" && verdict.code === "E_AGENT_DECLINED", JSON.stringify(verdict));
    assert.match(verdict.message, /e10_forbidden is not to be replaced now$/);
    await program.goesOn(10);
    assert.equal(program.log.value("E10.forbidden"), "9");
    // A callback is code as any other: its own edit comes with one that it still declines.
    program.edit("e10.c", "return x + 10;", "return x + 9;");
    await program.unchanged();
    program.edit("e10.c", 'return "e10_forbidden is not', 'return seen > 0 ? NULL : "e10_forbidden is not');
    await program.hot(/before/);
    program.edit("e10.c", "return x + 9;", "return x + 11;");
    await program.hot(/e10_forbidden/);
    await program.shows({ "E10.forbidden": "11", "E10.count": "from_41" });
  },
};

runScenarios("hooks", "hooks", [atItsPoint, declined]);
