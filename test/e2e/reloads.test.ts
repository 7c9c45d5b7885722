// Scenarios A21 and E1: very many reloads of one process, and what they cost it.

import assert from "node:assert/strict";
import fs from "node:fs";
import { residentKib } from "./leftover_processes.js";
import type { Program } from "./program.js";
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

/** Under threads. A thousand take two and a half minutes in each configuration: HOTRELOAD_E2E_RELOADS for more. */
const E1_RELOADS = Number(process.env.HOTRELOAD_E2E_RELOADS ?? 100);

/** The program reads it too. */
const E1_THREADS = Number(process.env.HOTRELOAD_E2E_THREADS ?? 8);

const threads: Scenario = {
  row: "E1",
  soFar: `${E1_THREADS} threads; ${E1_RELOADS} reloads`,
  name: `${E1_THREADS} threads call what is replaced while others come, fork and go: no crash, no wrong result, none stopped`,
  async run(program) {
    await program.shows({ "E1.version": "0", "E1.wrong": "0", "E1.stopped": "0" });
    await program.goesOn(100);
    const quiet = program.log.value("E1.longest_gap_us");
    const before = holdings(program.pid);
    const text = program.workspace.read("e1.c");
    for (let version = 1; version <= E1_RELOADS; version++) {
      program.save("e1.c", text.replace("#define VERSION 0", `#define VERSION ${version}`));
      await program.hot(/e1_value/, /e1_pointed/);
      if (version % 50 === 0) await reached(program, version);
    }
    await reached(program, E1_RELOADS);
    await program.shows({ "E1.churns": "yes" });
    // Nothing of a reload stays open, and no more than a handful of mappings are added for each.
    const after = holdings(program.pid);
    assert.ok(after.files <= before.files + 1, `${before.files} open files, then ${after.files}`);
    const gaps = `longest gap of a thread ${quiet} us before, ${program.log.value("E1.longest_gap_us")} us after`;
    const memory = `${after.kib - before.kib} KiB and ${after.mappings - before.mappings} mappings more`;
    console.log(`\n  E1: ${E1_RELOADS} reloads under ${E1_THREADS} threads; ${gaps}; ${memory}`);
  },
};

function holdings(pid: number): { files: number; mappings: number; kib: number } {
  const files = fs.readdirSync(`/proc/${pid}/fd`).length;
  const mappings = fs.readFileSync(`/proc/${pid}/maps`, "utf8").split("\n").length;
  return { files, mappings, kib: residentKib(pid) };
}

async function reached(program: Program, version: number): Promise<void> {
  const until = { "E1.version": String(version), "E1.pointed_version": String(version) };
  await program.server.until(`version ${version}`, () =>
    Object.entries(until).every(([name, value]) => program.log.value(name) === value) ? true : undefined,
  );
  assert.deepEqual(program.log.history("E1.wrong"), ["0"], "no wrong result");
  assert.deepEqual(program.log.history("E1.stopped"), ["0"], "no thread stopped");
  const versions = program.log.history("E1.version").map(Number);
  assert.deepEqual(
    versions,
    [...versions].sort((a, b) => a - b),
    "no thread ever goes back to an older version",
  );
}

runScenarios("reloads", "reload", [sameFunction, threads]);
