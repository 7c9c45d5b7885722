// A few seeds of the differential test; `run.ts` does as many as one likes.

import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { test } from "uvu";
import { changeSignature } from "./alterations.js";
import { mutations } from "./mutations.js";
import { Random } from "./random.js";
import { runProject } from "./run_project.js";
import { type Edit, firstDifference } from "./session.js";
import { functionsOf, statementsOf } from "./source_text.js";
import { summary } from "./summary.js";

const sample = `#include <x.h>

struct Body {
  int x;
};

// not { code
static long step(struct Body *body, int by)
{
  return 0;
}

long go(int by) {
  long sum = 10;
  if (by > 3) {
    sum += by * 2;
  }
  sum = sum - 1;
  sum++;
  say("a { brace");
  return step(0, by) + sum;
}

void stop(void) {
  static long hr_s1 = 2; hr_state("hr_s1", &hr_s1);
  go(1);
}
`;
const user = "int go(int);\nint use() { return go(3) + x.go(4); }\n";

test("functions and statements are found by their layout", () => {
  const functions = functionsOf(sample);
  assert.deepEqual(
    functions.map(({ name }) => name),
    ["step", "go", "stop"],
  );
  const go = functions[1];
  assert.ok(go);
  const lines = statementsOf(sample, go).map(({ start, end }) => sample.slice(start, end).trim());
  assert.deepEqual(lines, ["sum += by * 2;", "sum = sum - 1;", "sum++;", 'say("a { brace");']);
});

test("every kind of edit changes something, and a seed repeats it", () => {
  for (const [name, { mutate }] of Object.entries(mutations)) {
    const results = [1, 2].map(() => {
      const random = new Random(5);
      for (let attempt = 0; attempt < 100; attempt++) {
        const others = new Map([["b.cc", user]]);
        const made = mutate({ file: "a.cc", text: sample, random, number: 7, others });
        if (made !== undefined) return made;
      }
      return undefined;
    });
    assert.ok(results[0] !== undefined && results[0] !== sample, name);
    assert.deepEqual(results[0], results[1], name);
  }
});

test("a signature changes with its callers, in other files as well", () => {
  const signatures = Array.from({ length: 20 }, (_, seed) => {
    const random = new Random(seed);
    return changeSignature({ file: "a.cc", text: sample, random, number: 7, others: new Map([["b.cc", user]]) });
  });
  const both = signatures.find((made) => typeof made === "object" && made.size === 2) as ReadonlyMap<string, string>;
  assert.equal(both.get("b.cc"), "int go(long, int);\nint use() { return go(7, 3) + x.go(4); }\n");
  assert.match(both.get("a.cc") ?? "", /long go\(long hr_a7, int by\) \{\n {2}hr_trace\(hr_a7\);[\s\S]*\bgo\(7, 1\);/);
});

test("what a live process shows or has differently is a difference; what it has besides is none", () => {
  const fresh = "a 1\nb 2\ntrace 0 of 0\nstate\nx 01\n";
  assert.equal(firstDifference(fresh, fresh), "");
  assert.equal(firstDifference("a 1\nb 2\ntrace 0 of 0\nstate\nolder 07\nx 01\n", fresh), "");
  assert.match(firstDifference(fresh.replace("b 2", "b 3"), fresh), /b 3/);
  assert.match(firstDifference(fresh.replace("0 of 0", "5 of 1"), fresh), /5 of 1/);
  assert.match(firstDifference(fresh.replace("x 01", "x 02"), fresh), /x 02/);
});

for (const seed of [1, 2]) {
  test(`seed ${seed}: a program that is edited at random is always what a fresh one is`, async () => {
    const directory = fs.mkdtempSync(path.join(os.tmpdir(), "hotreload-differential-"));
    const edits: Edit[] = [];
    for await (const edit of runProject({ name: "zoo", from: seed, seeds: 1, edits: 14, directory })) edits.push(edit);
    const failed = edits.filter(({ outcome }) => ["wrong", "crash", "error"].includes(outcome));
    assert.deepEqual(failed, [], `kept: ${directory}`);
    const compared = edits.filter(({ outcome }) => outcome === "hot" || outcome === "unchanged");
    assert.ok(compared.length >= 7, summary(edits));
    fs.rmSync(directory, { recursive: true });
  });
}

test.run();
