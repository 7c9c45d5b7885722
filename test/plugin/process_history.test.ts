// Histories: what was applied to a process, for the next patch, the next dev server and the child of a fork.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { copyFileSync, existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import { processStat } from "../../plugin/command.js";
import type { Introduced } from "../../plugin/elf/index.js";
import { type PatchRecord, ProcessHistories, type ProcessId, UNDO_REACH } from "../../plugin/process_history.js";
import { Scratch } from "./scratch.js";

const scratch = new Scratch();
const test = suite("process histories");
let count = 0;
const state = (): string => scratch.directory(`state-${count++}`);

/** A process that lives as long as the test, so that a new dev server does not forget it. */
const alive: ProcessId = { pid: process.pid, startTime: processStat(process.pid)?.startTime ?? 0 };
const child: ProcessId = { pid: 2 ** 22 - 7, startTime: 99 };

const introduced = (key: string, kind: Introduced["kind"]): Introduced => ({
  module: "/b/app",
  object: "",
  key,
  kind,
  address: 64,
  size: 8,
  tlsModule: 0,
  pointers: [],
});

const record = (number: number, version: number, more: Partial<PatchRecord> = {}): PatchRecord => ({
  number,
  versions: { "/b/app": { "a.o": String(version) } },
  introduced: [],
  libraryNames: { "/b/app": "module-0-app.so" },
  functions: ["f"],
  ...more,
});

function applied(histories: ProcessHistories, owner: ProcessId, patch: number, tlsModule = 0) {
  const path = join(histories.patchDirectory(owner, patch), "module-0-app.so");
  return { patch, libraries: [{ path, start: 4096, size: 4096, tlsModule, kept: [] }], standing: "standing" as const };
}

test("a process without patches has an empty history", async () => {
  const histories = await ProcessHistories.open(state());
  assert.deepEqual(histories.of(alive, []), []);
});

test("the history is what the process says is applied, in its order", async () => {
  const histories = await ProcessHistories.open(state());
  for (let number = 1; number <= 3; number++) await histories.add(alive, record(number, number));
  const said = [applied(histories, alive, 1), applied(histories, alive, 3)];
  assert.deepEqual(
    histories.of(alive, said)?.map((known) => known.number),
    [1, 3],
  );
});

test("a process that has a patch which nobody knows of has no history", async () => {
  const histories = await ProcessHistories.open(state());
  await histories.add(alive, record(1, 1));
  assert.equal(histories.of(alive, [applied(histories, alive, 1), applied(histories, alive, 2)]), undefined);
  assert.equal(histories.of(child, [applied(histories, child, 1)]), undefined);
});

test("a patch that was made again takes the place of the one that was never applied", async () => {
  const histories = await ProcessHistories.open(state());
  await histories.add(alive, record(1, 1));
  await histories.add(alive, record(1, 2));
  assert.deepEqual(histories.of(alive, [applied(histories, alive, 1)]), [record(1, 2)]);
});

test("the child of a fork has its parent's patches, and its own after them", async () => {
  const histories = await ProcessHistories.open(state());
  await histories.add(alive, record(1, 1));
  await histories.add(alive, record(2, 2));
  // The child goes on from patch 1 by itself; the parent has had its own second one.
  await histories.add(child, record(2, 7));
  const parents = [applied(histories, alive, 1), applied(histories, alive, 2)];
  const childs = [applied(histories, alive, 1), applied(histories, child, 2)];
  assert.deepEqual(histories.of(alive, parents), [record(1, 1), record(2, 2)]);
  assert.deepEqual(histories.of(child, childs), [record(1, 1), record(2, 7)]);
});

test("what a process had is kept as long as another one has it loaded, and then deleted", async () => {
  const directory = state();
  const histories = await ProcessHistories.open(directory);
  const parent: ProcessId = { pid: 2 ** 22 - 8, startTime: 98 };
  await histories.add(parent, record(1, 1));
  const said = [applied(histories, parent, 1)];
  // It has the file mapped, as a forked child has the libraries of its parent.
  const library = said[0]?.libraries[0]?.path ?? "";
  copyFileSync("/bin/sleep", library);
  const user = spawn(library, ["1000"]);
  await new Promise((resolve) => user.once("spawn", resolve));
  await histories.forget([parent]);
  const again = await ProcessHistories.open(directory);
  for (const known of [histories, again]) {
    assert.deepEqual(known.of(child, said), [record(1, 1)]);
    assert.ok(known.needed().has("a.o@1"));
  }
  await new Promise((resolve) => {
    user.once("close", resolve);
    user.kill();
  });
  await histories.forget([child]);
  assert.equal(histories.of(child, said), undefined);
  assert.ok(!existsSync(histories.patchDirectory(parent, 1)));
});

test("after exec a process has no patches, and none of its numbers is used again", async () => {
  const directory = state();
  const histories = await ProcessHistories.open(directory);
  assert.equal(histories.nextNumber(alive, []), 1);
  await histories.add(alive, record(1, 1));
  assert.equal(histories.nextNumber(alive, []), 1, "it was refused");
  await histories.acknowledge(alive, 1, []);
  assert.equal(histories.nextNumber(alive, [applied(histories, alive, 1)]), 2);
  assert.equal(histories.nextNumber(alive, []), 2);
  assert.equal((await ProcessHistories.open(directory)).nextNumber(alive, []), 2);
});

test("thread-locals get the module id that the process reports", async () => {
  const directory = state();
  const histories = await ProcessHistories.open(directory);
  const variables = [introduced("t", "threadLocal"), introduced("n", "variable")];
  await histories.add(alive, record(1, 1, { introduced: variables }));
  const said = applied(histories, alive, 1, 9);
  assert.ok(await histories.acknowledge(alive, 1, said.libraries));
  for (const known of [histories, await ProcessHistories.open(directory)]) {
    const entries = known.of(alive, [said])?.[0]?.introduced;
    assert.deepEqual(
      entries?.map((entry) => entry.tlsModule),
      [9, 0],
    );
  }
  assert.equal(await histories.acknowledge(alive, 2, []), undefined, "there was no such patch");
  assert.equal(await histories.acknowledge(child, 1, []), undefined, "it was made for another process");
});

test("a new dev server knows the processes that live, and forgets those that ended meanwhile", async () => {
  const directory = state();
  const histories = await ProcessHistories.open(directory);
  const short = spawn("sleep", ["1000"]);
  const ended: ProcessId = { pid: short.pid ?? 0, startTime: processStat(short.pid ?? 0)?.startTime ?? 0 };
  for (const id of [alive, ended]) {
    await histories.add(id, record(1, 1));
  }
  const before = await ProcessHistories.open(directory);
  assert.deepEqual(before.of(ended, [applied(before, ended, 1)]), [record(1, 1)]);
  await new Promise((resolve) => {
    short.once("close", resolve);
    short.kill();
  });
  const after = await ProcessHistories.open(directory);
  assert.deepEqual(after.of(alive, [applied(after, alive, 1)]), [record(1, 1)]);
  assert.equal(after.of(ended, [applied(after, ended, 1)]), undefined);
  assert.ok(existsSync(after.patchDirectory(alive, 1)));
  assert.ok(!existsSync(after.patchDirectory(ended, 1)), "its files are deleted");
});

test("a pid that is used again is another process", async () => {
  const directory = state();
  const histories = await ProcessHistories.open(directory);
  const former: ProcessId = { pid: alive.pid, startTime: alive.startTime - 1 };
  await histories.add(former, record(1, 1));
  assert.deepEqual(histories.of(alive, []), []);
  assert.equal(histories.of(alive, [applied(histories, alive, 1)]), undefined);
  const again = await ProcessHistories.open(directory);
  assert.ok(!existsSync(again.patchDirectory(former, 1)));
});

test("what each process runs is needed, and what it would run after as many undos as are possible", async () => {
  const histories = await ProcessHistories.open(state());
  const versions = { "/b/app": { "a.o": "1", "b.o": "1" }, "/b/lib.so": { "a.o": "1" } };
  await histories.add(alive, record(1, 1, { versions }));
  await histories.add(child, record(1, 500));
  const last = UNDO_REACH + 3;
  for (let number = 2; number <= last; number++) await histories.add(alive, record(number, number));
  const needed = histories.needed();
  assert.ok(needed.has("a.o@500"), "another process runs it");
  for (let number = 2; number <= last; number++) assert.ok(needed.has(`a.o@${number}`));
  assert.ok(needed.has("a.o@1") && needed.has("b.o@1"), "the library and the other object were not patched since");
  await histories.add(alive, record(last + 1, last + 1));
  assert.ok(!histories.needed().has("a.o@2"), "no undo reaches it any more");
  assert.ok(histories.needed().has("a.o@3"));
  await histories.forget([child]);
  assert.ok(!histories.needed().has("a.o@500"));
});

test("what was undone once is needed for as long as the process lives, also by a new dev server", async () => {
  const directory = state();
  const histories = await ProcessHistories.open(directory);
  for (let number = 1; number <= UNDO_REACH * 2; number++) await histories.add(alive, record(number, number));
  assert.ok(!histories.needed().has("a.o@7"));
  await histories.noteUndone(alive, applied(histories, alive, 7));
  assert.ok(histories.needed().has("a.o@7"));
  assert.ok((await ProcessHistories.open(directory)).needed().has("a.o@7"));
});

test("to forget a process takes its files away", async () => {
  const directory = state();
  const histories = await ProcessHistories.open(directory);
  await histories.add(alive, record(1, 1));
  await histories.forget([alive]);
  assert.ok(!existsSync(histories.patchDirectory(alive, 1)));
  const again = await ProcessHistories.open(directory);
  assert.deepEqual(again.needed(), new Set());
});

test("libraries of patches that are out of reach and replaced altogether are deleted, the others stay", async () => {
  const directory = state();
  const histories = await ProcessHistories.open(directory);
  const code = (...entries: readonly number[]) => entries.map((entry) => ({ function: "f", entry, ranges: [] }));
  const kinds: Partial<PatchRecord>[] = [
    { code: code(16) }, // replaced by the fourth
    { code: code(16, 32) }, // 32 is its own
    { code: code(16), introduced: [introduced("g", "function")] },
    { code: code(16) }, // the newest one that is out of reach
    { code: code(48) }, // undone and left behind: an object may hold a pointer to its code
  ];
  const last = kinds.length + UNDO_REACH;
  const said = [];
  for (let number = 1; number <= last; number++) {
    await histories.add(alive, record(number, number, kinds[number - 1] ?? { code: code(16, 32, 48) }));
    const standing = number === 5 ? ("abandoned" as const) : ("standing" as const);
    const patch = { ...applied(histories, alive, number), standing };
    writeFileSync(patch.libraries[0]?.path ?? "", "");
    said.push(patch);
    await histories.dropSuperseded(alive, said);
  }
  const kept = said.filter(({ libraries }) => existsSync(libraries[0]?.path ?? ""));
  const all = Array.from({ length: last }, (_, index) => index + 1);
  assert.deepEqual(
    kept.map(({ patch }) => patch),
    all.filter((number) => number !== 1),
  );
  assert.equal(histories.of(alive, said)?.length, last, "the records stay");
  // A new dev server comes to the same.
  for (const { libraries } of said) writeFileSync(libraries[0]?.path ?? "", "");
  await (await ProcessHistories.open(directory)).dropSuperseded(alive, said);
  assert.deepEqual(
    said.filter(({ libraries }) => !existsSync(libraries[0]?.path ?? "")).map(({ patch }) => patch),
    [1],
  );
});

test.run();
