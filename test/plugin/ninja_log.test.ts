// The log of a real ninja: what was written since the last look, and whether a file is ninja's.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { appendFileSync, copyFileSync, rmSync, statSync } from "node:fs";
import { suite } from "uvu";
import { NinjaLog } from "../../plugin/ninja_log.js";
import { Scratch } from "./scratch.js";

const scratch = new Scratch();
const test = suite("ninja log");
const log = scratch.join(".ninja_log");

scratch.write("build.ninja", "rule copy\n  command = cp $in $out\nbuild a: copy in\nbuild dir/b: copy in\n");

function build(target: string, input: string): void {
  scratch.write("in", input);
  rmSync(scratch.join(target), { force: true });
  const { status, stdout } = spawnSync("ninja", ["-C", scratch.path, target], { encoding: "utf8" });
  assert.equal(status, 0, stdout);
}

const timeOf = (name: string): bigint => statSync(scratch.join(name), { bigint: true }).mtimeNs;

test("nothing is written where nothing was built", () => {
  assert.deepEqual(new NinjaLog(log).written(), new Set());
});

test("each look says what was written since the last one; the first one cannot", () => {
  build("a", "1");
  const reader = new NinjaLog(log);
  assert.equal(reader.written(), undefined);
  assert.deepEqual(reader.written(), new Set());
  build("dir/b", "2");
  build("a", "2");
  assert.deepEqual(reader.written(), new Set(["dir/b", "a"]));
  assert.deepEqual(reader.written(), new Set());
});

test("a line that is being written is read when it is whole", () => {
  const reader = new NinjaLog(log);
  reader.written();
  appendFileSync(log, "1\t2\t3\tc");
  assert.deepEqual(reader.written(), new Set());
  appendFileSync(log, "\t0\n");
  assert.deepEqual(reader.written(), new Set(["c"]));
});

test("a log that was written anew cannot say what is new in it", () => {
  const reader = new NinjaLog(log);
  reader.written();
  assert.equal(spawnSync("ninja", ["-C", scratch.path, "-t", "recompact"]).status, 0);
  assert.equal(reader.written(), undefined);
});

test("a file that ninja wrote is told from one that was put in its place", () => {
  const reader = new NinjaLog(log);
  build("a", "3");
  reader.written();
  assert.ok(reader.vouchesFor("a", timeOf("a")));
  rmSync(scratch.join("a"));
  copyFileSync(scratch.join("in"), scratch.join("a"));
  assert.ok(!reader.vouchesFor("a", timeOf("a")));
  assert.ok(!reader.vouchesFor("never", 1n));
  build("a", "4");
  reader.written();
  assert.ok(reader.vouchesFor("a", timeOf("a")));
});

test("a log of a newer ninja, which does not tell the output's time, vouches once for each step", () => {
  scratch.write("newer/log", "# ninja log v7\n1\t2\t100\ta\t0\n");
  const reader = new NinjaLog(scratch.join("newer/log"));
  reader.written();
  assert.ok(!reader.vouchesFor("a", 99n), "an output is not older than its input");
  assert.ok(reader.vouchesFor("a", 120n));
  assert.ok(!reader.vouchesFor("a", 130n), "somebody else wrote it");
  appendFileSync(scratch.join("newer/log"), "1\t2\t125\ta\t0\n");
  reader.written();
  assert.ok(reader.vouchesFor("a", 131n));
});

test("without a log there is nobody to ask", () => {
  const reader = new NinjaLog(scratch.join("none"));
  reader.written();
  assert.ok(reader.vouchesFor("a", 1n));
});

test.run();
