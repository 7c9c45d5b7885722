// Generations: a build-id says which versions of which objects a module was linked from.
import assert from "node:assert/strict";
import { suite } from "uvu";
import { Generations } from "../../plugin/generations.js";
import { Scratch } from "./scratch.js";

const scratch = new Scratch();
const test = suite("generations");
let count = 0;
const state = (): string => scratch.directory(`state-${count++}`);

const app = (buildId: string, version: number) => ({ module: "/b/app", buildId, objects: { "a.o": version } });

test("a module is found by its path and its build-id together", async () => {
  const generations = await Generations.open(state());
  await generations.add([app("11", 0), { module: "/b/lib.so", buildId: "22", objects: { "l.o": 4 } }]);
  assert.deepEqual(generations.find("/b/app", "11")?.objects, { "a.o": 0 });
  assert.deepEqual(generations.find("/b/lib.so", "22")?.objects, { "l.o": 4 });
  assert.equal(generations.find("/b/app", "22"), undefined);
  assert.equal(generations.find("/b/other", "11"), undefined);
});

test("a link to the same bytes is the same generation: its first record stays", async () => {
  const generations = await Generations.open(state());
  await generations.add([app("11", 0)]);
  await generations.add([app("11", 3)]);
  assert.equal(generations.all.length, 1);
  assert.deepEqual(generations.find("/b/app", "11")?.objects, { "a.o": 0 });
});

test("older generations are kept beside newer ones, and a new dev server knows them", async () => {
  const directory = state();
  const generations = await Generations.open(directory);
  await generations.add([app("11", 0)]);
  await generations.add([app("22", 1)]);
  const again = await Generations.open(directory);
  assert.deepEqual(again.find("/b/app", "11")?.objects, { "a.o": 0 });
  assert.deepEqual(again.find("/b/app", "22")?.objects, { "a.o": 1 });
});

test("of each module only the newest are kept, whatever the others do", async () => {
  const generations = await Generations.open(state());
  await generations.add([{ module: "/b/lib.so", buildId: "once", objects: {} }]);
  for (let i = 0; i < 50; i++) await generations.add([app(`id-${i}`, i)]);
  assert.ok(generations.find("/b/lib.so", "once"));
  assert.ok(generations.find("/b/app", "id-49"));
  assert.ok(generations.find("/b/app", "id-45"));
  assert.equal(generations.find("/b/app", "id-0"), undefined);
  assert.ok(generations.all.length < 20);
});

test("a state file that is broken is no state", async () => {
  const directory = state();
  for (const text of ["", "[{", "{}", "null"]) {
    scratch.write(`${directory.slice(scratch.path.length + 1)}/generations.json`, text);
    assert.deepEqual((await Generations.open(directory)).all, []);
  }
});

test.run();
