// Scenario A21: the same function over and over, and what that costs the process.

import assert from "node:assert/strict";
import { residentKib } from "./leftover_processes.js";
import { runScenarios, type Scenario } from "./scenario_suite.js";

const A21_RELOADS = 50;
/** Memory that a patch of one small function may add: its text, data and unwind pages, and what the loader notes. */
const PATCH_KIB = 128;

const sameFunction: Scenario = {
  row: "A21",
  soFar: `${A21_RELOADS} times`,
  name: `the same function ${A21_RELOADS} times in a row: each version runs, memory grows by the patches only`,
  async run(program) {
    await program.shows({ A21: "0" });
    const before = residentKib(program.pid);
    for (let version = 1; version <= A21_RELOADS; version++) {
      program.edit("a21.c", `return x + ${version - 1};`, `return x + ${version};`);
      const hot = await program.hot(/a21_value/);
      assert.equal(hot.functions.length, 1);
      await program.shows({ A21: String(version) });
    }
    const all = Array.from({ length: A21_RELOADS + 1 }, (_, version) => String(version));
    assert.deepEqual(program.log.history("A21"), all);
    const added = residentKib(program.pid) - before;
    console.log(`\n  A21: ${added} KiB of resident memory after ${A21_RELOADS} reloads`);
    assert.ok(added <= A21_RELOADS * PATCH_KIB, `${added} KiB for ${A21_RELOADS} reloads`);
  },
};

runScenarios("reloads", "reload", [sameFunction]);
