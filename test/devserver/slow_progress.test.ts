// Progress is told once a build is slow, and not before.

import assert from "node:assert/strict";
import { suite } from "uvu";
import { SlowProgress } from "../../devserver/slow_progress.js";
import type { Progress } from "../../plugin/ninja_output.js";
import { Inbox } from "./inbox.js";

const test = suite("slow progress");
const step = (done: number): Progress => ({ done, total: 3, text: `step ${done}` });

test("a build that is slow tells where it is, and each step from then on", async () => {
  const told = new Inbox<Progress>();
  const progress = new SlowProgress(3, told.push, 0);
  progress.step(step(1));
  assert.deepEqual(told.all, []);
  assert.deepEqual(await told.next("progress"), step(1));
  progress.step(step(2));
  progress.step(step(3));
  assert.deepEqual(told.all, [step(1), step(2), step(3)]);
  progress.end();
});

test("one that has not finished a step tells that it is at work", async () => {
  const told = new Inbox<Progress>();
  const progress = new SlowProgress(2, told.push, 0);
  assert.deepEqual([(await told.next("progress")).done, told.all[0]?.total], [0, 2]);
  progress.end();
});

test("one that ends in time tells nothing", async () => {
  const told = new Inbox<Progress>();
  const progress = new SlowProgress(2, told.push, 0);
  progress.step(step(1));
  progress.end();
  await new Promise((resolve) => setTimeout(resolve, 0));
  await new Promise((resolve) => setTimeout(resolve, 0));
  assert.deepEqual(told.all, []);
});

test.run();
