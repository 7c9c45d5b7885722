// Scenario E9: undo and redo, and what the next save and a new patch make of them.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import { runScenarios, type Scenario } from "./scenario_suite.js";
import { repository } from "./workspace.js";

const run = promisify(execFile);

const backAndForth: Scenario = {
  row: "E9",
  name: "the last patches are undone and redone, one after another and again, in all modules",
  async run(program) {
    await program.shows({ E9: "1", "E9.other": "5", "E9.shared": "7", "E9.count": "from_31" });
    program.edit("e9.cc", "return x + 1;", "return x + 2;");
    const first = await program.hot(/e9_value/);
    await program.shows({ E9: "2", "E9.pointer": "2" });
    program.editAll({ "e9.cc": ["return x + 5;", "return x + 6;"], "shared.c": ["return x + 7;", "return x + 8;"] });
    let second = await program.hot();
    if (second.functions.length < 2) second = await program.hot(); // two saves, or one batch
    await program.shows({ E9: "2", "E9.other": "6", "E9.shared": "8" });
    const count = second.patch - first.patch + 1;
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < count; i++) {
        const undone = await program.turn("undo");
        assert.equal(undone.patch, second.patch - i);
        console.log(`\n  E9: undone in ${undone.us} us`); // a time is measured, never asserted
      }
      await program.shows({ E9: "1", "E9.pointer": "1", "E9.other": "5", "E9.shared": "7" });
      for (let i = 0; i < count; i++) assert.equal((await program.turn("redo")).patch, first.patch + i);
      await program.shows({ E9: "2", "E9.pointer": "2", "E9.other": "6", "E9.shared": "8" });
    }
    assert.deepEqual(program.log.history("E9.count"), ["from_31"], "the state is kept");
  },
};

const nextSave: Scenario = {
  row: "E9",
  name: "after an undo the next save brings the change back, unless it was taken out of the file",
  async run(program) {
    program.edit("e9.cc", "return x + 2;", "return x + 3;");
    await program.hot(/e9_value/);
    await program.shows({ E9: "3" });
    const undone = await program.turn("undo");
    assert.ok(undone.functions.includes("e9_value") && /next save/.test(undone.notes.join()), JSON.stringify(undone));
    await program.shows({ E9: "2", "E9.other": "6" });

    program.edit("e9.cc", "return x + 6;", "return x + 60;");
    await program.hot(/e9_value/, /e9_other/);
    await program.shows({ E9: "3", "E9.other": "60" });
    await program.turn("undo");
    await program.shows({ E9: "2", "E9.other": "6" });

    program.editAll({ "e9.cc": ["return x + 3;", "return x + 2;"] });
    const hot = await program.hot(/e9_other/);
    assert.deepEqual(hot.functions, ["e9_other"], "the other change was taken out");
    await program.shows({ E9: "2", "E9.other": "60" });
    program.edit("e9.cc", "return x + 60;", "return x + 6;");
    await program.hot(/e9_other/);
    await program.shows({ E9: "2", "E9.other": "6" });
  },
};

const newThings: Scenario = {
  row: "E9",
  name: "what an undone patch brought is there again with the next save: variables go on, functions are the new ones",
  async run(program) {
    const added =
      "static int added = 100;\nstatic int helper(int x) { return ++added * x; }\n/* place for new things */";
    program.editAll({ "e9.cc": ["/* place for new things */", added] });
    await program.nextVerdict();
    program.edit("e9.cc", "{ return 0; }", "{ return helper(0) + 10; }");
    await program.hot(/e9_new/);
    await program.shows({ "E9.new": "10" });
    await program.turn("undo");
    await program.shows({ "E9.new": "0" });
    // The same helper with another body, and nobody calls what the undone patch brought of it.
    program.edit("e9.cc", "++added * x;", "++added * x + 5;");
    await program.hot(/e9_new/);
    await program.shows({ "E9.new": "15" });
    program.edit("e9.cc", "{ return helper(0) + 10; }", "{ return helper(0) * 0 + (added > 101); }");
    await program.hot(/e9_new/);
    await program.shows({ "E9.new": "1" });
  },
};

const layouts: Scenario = {
  row: "E9",
  name: "a type that only an undone patch had must keep its layout: objects that its code made may be alive",
  async run(program) {
    const fresh = "struct Fresh { int a; int b; };\nstatic Fresh fresh = {1, 2};\n/* place for new things */";
    program.edit("e9.cc", "/* place for new things */", fresh);
    await program.nextVerdict();
    program.edit("e9.cc", "+ (added > 101); }", "+ (added > 101) + fresh.b; }");
    await program.hot(/e9_new/);
    await program.shows({ "E9.new": "3" });
    await program.turn("undo");
    await program.shows({ "E9.new": "1" });
    program.edit("e9.cc", "struct Fresh { int a; int b; };", "struct Fresh { int a; long more; int b; };");
    const { reasons } = await program.restartNeeded();
    assert.ok(
      reasons.some(({ message }) => /Fresh/.test(message)),
      JSON.stringify(reasons),
    );
    await program.shows({ "E9.new": "1" });
    program.edit("e9.cc", "struct Fresh { int a; long more; int b; };", "struct Fresh { int a; int b; };");
    await program.hot(/e9_new/);
    await program.shows({ "E9.new": "3" });
  },
};

const elsewhere: Scenario = {
  row: "E9",
  name: "another terminal undoes and redoes; what cannot be done is said, and a new patch ends what could be redone",
  async run(program) {
    const cli = process.env.HOTRELOAD_E2E_CLI ?? path.join(repository, "dist/devserver/cli.js");
    const hotreload = (...args: string[]) => {
      const options = { env: { ...process.env, NO_COLOR: "1" } };
      return run(process.execPath, [cli, ...args, program.workspace.directory, "-B", program.build], options);
    };
    program.edit("e9.cc", "return x + 2;", "return x + 4;");
    await program.hot(/e9_value/);
    await program.shows({ E9: "4" });
    assert.match((await hotreload("undo")).stdout, /^undone.*e9_value/);
    await program.shows({ E9: "2" });
    assert.match((await hotreload("redo")).stdout, /^redone.*e9_value/);
    await program.shows({ E9: "4" });
    await assert.rejects(hotreload("redo"), (error: { code?: number; stdout?: string }) => {
      return error.code === 1 && /E_UNDO/.test(error.stdout ?? "");
    });
    await hotreload("undo");
    program.edit("e9.cc", "return x + 4;", "return x + 2;");
    await program.nextVerdict();
    program.edit("e9.cc", "return x + 6;", "return x + 61;");
    await program.hot(/e9_other/);
    await program.shows({ E9: "2", "E9.other": "61" });
    await assert.rejects(hotreload("redo"), "a new patch was made without it");
    program.server.forgetVerdicts(); // the errors were asked for
  },
};

runScenarios("undo", "undo", [backAndForth, nextSave, newThings, layouts, elsewhere]);
