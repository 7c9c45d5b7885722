// The table of scenarios: every row is there, and its state is that of the results.

import assert from "node:assert/strict";
import { test } from "uvu";
import type { Result } from "./results.js";
import { scenarioRows } from "./scenario_rows.js";
import { scenarioTable } from "./scenario_table.js";

const names = ["gcc -O0", "clang -O2"];

function result(row: string, configuration: string, more: Partial<Result> = {}): Result {
  return { row, configuration, level: "executable", test: "t", outcome: "passed", verdicts: ["hot"], ...more };
}

function lineOf(id: string, results: readonly Result[]): string {
  const lines = scenarioTable(scenarioRows, names, results).split("\n");
  const found = lines.filter((line) => line.startsWith(`| ${id} |`));
  assert.equal(found.length, 1, `one line for ${id}`);
  return found[0] ?? "";
}

test("every row has its line, and without a result it is not tested yet", () => {
  for (const { id } of scenarioRows) assert.match(lineOf(id, []), /\| not tested yet \| not tested yet \|$/);
});

test("a row passes in the configurations in which all of its tests passed", () => {
  const results = [result("A1", "gcc -O0"), result("A1", "clang -O2"), result("A1", "clang -O2", { test: "u" })];
  assert.match(lineOf("A1", results), /\| hot \| passes \| passes \|$/);
});

test("one failed test makes the row fail there", () => {
  const results = [result("A1", "gcc -O0"), result("A1", "gcc -O0", { test: "u", outcome: "failed" })];
  assert.match(lineOf("A1", results), /\| fails \| not tested yet \|$/);
});

test("levels are named where there are others than the executable", () => {
  const results = [result("D11", "gcc -O0"), result("D11", "gcc -O0", { level: "shared", outcome: "failed" })];
  assert.match(lineOf("D11", results), /\| passes \(executable\), fails \(shared\) \| not tested yet \|$/);
});

test("verdicts are in words, each once", () => {
  const results = [result("D5", "gcc -O0", { verdicts: ["buildFailed", "hot"] }), result("D5", "clang -O2")];
  assert.match(lineOf("D5", results), /\| hot, build failed \| passes/);
});

test("what is tested of a row is said where it is not all of it", () => {
  const results = [result("A21", "gcc -O0", { soFar: "50 times" }), result("A21", "clang -O2", { soFar: "50 times" })];
  assert.match(lineOf("A21", results), /\| 50 times \| hot \| passes/);
});

test("the order of the results does not matter", () => {
  const results = ["A1", "D11", "B2", "A2"].flatMap((row) => names.map((name) => result(row, name)));
  const table = scenarioTable(scenarioRows, names, results);
  assert.equal(scenarioTable(scenarioRows, names, [...results].reverse()), table);
});

test.run();
