// Scenarios D17 and E5: another terminal builds in the same tree, and the executable is linked anew while the old one runs.

import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import type { Program } from "./program.js";
import { runScenarios, type Scenario } from "./scenario_suite.js";
import { command, Instance, run } from "./terminal.js";

const counts = { "D17.count": "from_31", "D17.shared.count": "from_41", "E5.count": "from_51" };

/** The statics of the program have gone on counting since its start. */
async function stateIsKept(program: Program): Promise<void> {
  await program.goesOn(5);
  for (const [field, value] of Object.entries(counts)) assert.deepEqual(program.log.history(field), [value], field);
}

const cleanBuild: Scenario = {
  row: "D17",
  name: "another terminal builds all of it from nothing: no verdict, and the next saves are hot",
  async run(program) {
    await program.shows({ ...counts, D17: "1", "D17.shared": "1" });
    program.server.forgetVerdicts();
    await run(program, "ninja", "-t", "clean");
    await run(program, "ninja");
    program.edit("d17.c", "return x + 1;", "return x + 2;");
    const hot = await program.hot(/d17_value/);
    assert.equal(hot.functions.length, 1);
    await program.shows({ D17: "2" });
    program.edit("d17_shared.c", "return x + 1;", "return x + 2;");
    await program.hot(/d17_shared/);
    await program.shows({ "D17.shared": "2" });
    await stateIsKept(program);
  },
};

const withoutSave: Scenario = {
  row: "D17",
  name: "what another terminal built is live, although nothing was saved",
  async run(program) {
    await program.shows({ "D17.hidden": "1" });
    program.server.forgetVerdicts();
    program.workspace.write("hidden", "2\n"); // no file of the graph
    fs.rmSync(path.join(program.build, "CMakeFiles/elsewhere.dir/d17.c.o"));
    await run(program, "ninja");
    const hot = await program.hot(/d17_hidden/);
    assert.deepEqual([hot.functions.length, hot.files.length], [1, 0]);
    await program.shows({ "D17.hidden": "2" });
    await stateIsKept(program);
  },
};

const otherFlags: Scenario = {
  row: "D17",
  name: "another terminal configures anew: the new flags are live",
  async run(program) {
    await program.shows({ "D17.step": "1" });
    program.server.forgetVerdicts();
    await run(program, "cmake", "-DD17_STEP=2", ".");
    await program.hot(/d17_step/);
    await program.shows({ "D17.step": "2" });
    await run(program, "ninja");
    await stateIsKept(program);
  },
};

const waitsForOther: Scenario = {
  row: "D17",
  name: "while another ninja is at work no second one is started, and what was saved meanwhile is not lost",
  async run(program) {
    const { workspace, server } = program;
    workspace.write("hold", "");
    const other = run(program, "ninja", "held");
    // The program prints a tick every 10 ms: each one is an occasion to look.
    await server.until("the other ninja to be at work", () =>
      fs.existsSync(workspace.path("is-held")) ? true : undefined,
    );
    const waits = () => server.progress.filter(({ stage }) => stage === "wait").length;
    const before = waits();
    program.edit("d17_other.c", "return x + 5;", "return x + 6;");
    await server.until("word that the build waits", () => (waits() > before ? true : undefined));
    program.workspace.edit("d17_other.c", "return x + 6;", "return x + 7;");
    assert.deepEqual(server.pendingVerdicts(), []);
    assert.equal(program.log.value("D17.other"), "5");
    workspace.remove("hold");
    await other;
    await server.until("the last text", () => (program.log.value("D17.other") === "7" ? true : undefined));
    await program.settle("parts.c");
    await stateIsKept(program);
  },
};

const sameMoment: Scenario = {
  row: "D17",
  name: "a save that another terminal builds at the same moment is live, and no later one is lost",
  async run(program) {
    for (let value = 10; value < 14; value++) {
      const text = program.workspace.read("d17_other.c");
      const other = command(program, "ninja");
      program.save("d17_other.c", text.replace(/x \+ \d+/, `x + ${value}`));
      await program.hot(/d17_other/);
      await program.shows({ "D17.other": String(value) });
      await other;
    }
    await run(program, "ninja");
    // What the other ninja built may have gone live by itself: then the save finds nothing left to do.
    const verdicts = await program.settle("parts.c");
    assert.ok(
      verdicts.every(({ type }) => type === "unchanged"),
      JSON.stringify(verdicts),
    );
    await stateIsKept(program);
  },
};

const linkedAnew: Scenario = {
  row: "E5",
  name: "the executable is linked anew on disk: the old process and one of the new file are patched, each from its own",
  async run(program) {
    const value = Number(program.log.value("E5"));
    program.edit("e5.c", `return x + ${value};`, "return x + 60;");
    await program.hot(/e5_value/);
    await program.shows({ E5: "60" });
    await run(program, "ninja");
    const instance = await Instance.start(program, "elsewhere");
    await instance.log.shows({ E5: "60", "E5.count": "from_51" });
    program.edit("e5.c", "return x + 60;", "return x + 61;");
    const both = [await program.hot(/e5_value/), await program.hot(/e5_value/)];
    assert.deepEqual(both.map(({ pid }) => pid).sort(), [program.pid, instance.pid].sort());
    await program.shows({ E5: "61" });
    await instance.log.shows({ E5: "61" });
    assert.deepEqual(instance.log.history("E5.count"), ["from_51"]);
    await stateIsKept(program);
    await instance.end(program);
  },
};

const unknownFile: Scenario = {
  row: "E5",
  name: "an executable that ninja did not link is never patched: restart needed, and the old process goes on being hot",
  async run(program) {
    await run(program, "ninja");
    const file = path.join(program.build, "elsewhere");
    const foreign = withOtherBuildId(fs.readFileSync(file));
    fs.rmSync(file);
    fs.writeFileSync(file, foreign, { mode: 0o755 });
    await run(program, "ninja"); // it has nothing to do: the file is newer than all of its objects
    await program.settle("parts.c");
    const instance = await Instance.start(program, "elsewhere");
    const refused = await program.restartNeeded();
    assert.deepEqual(
      refused.reasons.map(({ code }) => code),
      ["E_OTHER_BUILD"],
    );
    const value = Number(program.log.value("D17"));
    program.edit("d17.c", `return x + ${value};`, "return x + 70;");
    const verdicts = [await program.nextVerdict(), await program.nextVerdict()];
    assert.deepEqual(verdicts.map(({ type }) => type).sort(), ["hot", "restartNeeded"]);
    await program.shows({ D17: "70" });
    await instance.log.goesOn();
    assert.deepEqual(instance.log.history("D17"), [String(value)], "it runs what it was started with");
    await instance.end(program);
    await stateIsKept(program);
    fs.rmSync(file);
    await run(program, "ninja");
  },
};

/** The same program under another build-id (ELF note of type 3, name "GNU"). */
function withOtherBuildId(file: Buffer): Buffer {
  const note = file.indexOf(Buffer.from([4, 0, 0, 0, 20, 0, 0, 0, 3, 0, 0, 0, 0x47, 0x4e, 0x55, 0]));
  assert.ok(note > 0, "there is a build-id");
  const changed = Buffer.from(file);
  changed.writeUInt8(file.readUInt8(note + 16) ^ 0xff, note + 16);
  return changed;
}

runScenarios("other builds", "elsewhere", [
  cleanBuild,
  withoutSave,
  otherFlags,
  waitsForOther,
  sameMoment,
  linkedAnew,
  unknownFile,
]);
