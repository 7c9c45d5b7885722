// Generations: a build-id says which versions of which objects a module was linked from.
import assert from "node:assert/strict";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { suite } from "uvu";
import { type Generation, Generations } from "../../plugin/generations.js";
import { Scratch } from "./scratch.js";

const scratch = new Scratch();
const test = suite("generations");
let count = 0;
const state = (): string => scratch.directory(`state-${count++}`);

const noneRuns = (): boolean => false;

const add = (
  generations: Generations,
  added: readonly Generation[],
  isRunning: (buildId: string) => boolean = noneRuns,
): Promise<void> => generations.add(added, isRunning);

const app = (buildId: string, version: string) => ({ module: "/b/app", buildId, objects: { "a.o": version } });

test("a module is found by its path and its build-id together", async () => {
  const generations = await Generations.open(state());
  await add(generations, [app("11", "0"), { module: "/b/lib.so", buildId: "22", objects: { "l.o": "4" } }]);
  assert.deepEqual(generations.find("/b/app", "11")?.objects, { "a.o": "0" });
  assert.deepEqual(generations.find("/b/lib.so", "22")?.objects, { "l.o": "4" });
  assert.equal(generations.find("/b/app", "22"), undefined);
  assert.equal(generations.find("/b/other", "11"), undefined);
});

test("a link to the same bytes is the same generation: its first record stays", async () => {
  const generations = await Generations.open(state());
  await add(generations, [app("11", "0")]);
  await add(generations, [app("11", "3")]);
  assert.equal(generations.all.length, 1);
  assert.deepEqual(generations.find("/b/app", "11")?.objects, { "a.o": "0" });
});

test("older generations are kept beside newer ones, and a new dev server knows them", async () => {
  const directory = state();
  const generations = await Generations.open(directory);
  await add(generations, [app("11", "0")]);
  await add(generations, [app("22", "1")]);
  const again = await Generations.open(directory);
  assert.deepEqual(again.find("/b/app", "11")?.objects, { "a.o": "0" });
  assert.deepEqual(again.find("/b/app", "22")?.objects, { "a.o": "1" });
});

test("of each module only the newest are kept, whatever the others do", async () => {
  const generations = await Generations.open(state());
  await add(generations, [{ module: "/b/lib.so", buildId: "once", objects: {} }]);
  for (let i = 0; i < 50; i++) await add(generations, [app(`id-${i}`, String(i))]);
  assert.ok(generations.find("/b/lib.so", "once"));
  assert.ok(generations.find("/b/app", "id-49"));
  assert.ok(generations.find("/b/app", "id-45"));
  assert.equal(generations.find("/b/app", "id-0"), undefined);
  assert.ok(generations.all.length < 20);
});

test("one that a process runs stays, however many follow, and so does its file", async () => {
  const directory = state();
  const module = scratch.write(`${directory.slice(scratch.path.length + 1)}/app`, "linked first");
  const generations = await Generations.open(directory);
  const of = (buildId: string): Generation => ({ module, buildId, objects: {} });
  await add(generations, [of("first")]);
  rmSync(module); // as linkers do
  writeFileSync(module, "linked later");
  const runs = (buildId: string): boolean => buildId === "first";
  for (let i = 0; i < 50; i++) await add(generations, [of(`id-${i}`)], runs);
  assert.ok(generations.find(module, "first"));
  assert.equal(readFileSync(generations.fileOf(of("first")), "utf8"), "linked first");
  assert.equal(readFileSync(generations.fileOf(of("id-49")), "utf8"), "linked later");
  assert.equal(existsSync(generations.fileOf(of("id-0"))), false);
});

test("a state file that is broken is no state", async () => {
  const directory = state();
  for (const text of ["", "[{", "{}", "null"]) {
    scratch.write(`${directory.slice(scratch.path.length + 1)}/generations.json`, text);
    assert.deepEqual((await Generations.open(directory)).all, []);
  }
});

test.run();
