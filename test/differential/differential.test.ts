// A few seeds of the differential test; `run.ts` does as many as one likes.

import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { test } from "uvu";
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
  go(1);
}
`;

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
        const made = mutate({ file: "a.cc", text: sample, random, number: 7 });
        if (made !== undefined) return made;
      }
      return undefined;
    });
    assert.ok(results[0] !== undefined && results[0] !== sample, name);
    assert.equal(results[0], results[1], name);
  }
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
