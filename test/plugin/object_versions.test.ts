// Versions of objects: what a process runs is never lost, and never taken for something else.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, rmSync, statSync, utimesSync } from "node:fs";
import { suite } from "uvu";
import { ObjectVersions } from "../../plugin/object_versions.js";
import { Scratch } from "./scratch.js";

const scratch = new Scratch();
const test = suite("object versions");

let count = 0;

/** A build directory with one object, and what one does with it. */
class Tree {
  readonly name = `tree-${count++}`;
  readonly path = (object: string): string => scratch.join(this.name, "build", object);
  readonly state = scratch.directory(`${this.name}/state`);

  open(): Promise<ObjectVersions> {
    return ObjectVersions.open(this.state, this.path);
  }

  /** As a compiler does it; the time is a new one even if the clock did not move. */
  write(object: string, text: string): void {
    const file = scratch.write(`${this.name}/build/${object}`, text);
    const time = 1_700_000_000 + count++;
    utimesSync(file, time, time);
  }

  read(file: string | undefined): string | undefined {
    return file !== undefined && existsSync(file) ? readFileSync(file, "utf8") : undefined;
  }

  get aside(): string[] {
    return readdirSync(`${this.state}/objects`);
  }
}

/** Version 0 was built and seen. */
async function built(...objects: readonly string[]): Promise<{ tree: Tree; versions: ObjectVersions }> {
  const tree = new Tree();
  for (const object of objects) tree.write(object, `${object} 0`);
  const versions = await tree.open();
  await versions.refresh(objects);
  return { tree, versions };
}

test("what is built first is version 0, where ninja put it", async () => {
  const { tree, versions } = await built("a.o");
  assert.equal(versions.current("a.o"), 0);
  assert.equal(versions.fileOf("a.o", 0), tree.path("a.o"));
  assert.equal(versions.fileOf("a.o", 1), undefined);
});

test("a build that writes an object gives it a new version, and the old file is kept", async () => {
  const { tree, versions } = await built("a.o", "b.o");
  for (let version = 1; version <= 3; version++) {
    assert.ok((await versions.setAside(["a.o"])).ok);
    assert.ok(!existsSync(tree.path("a.o")), "ninja must build it");
    tree.write("a.o", `a.o ${version}`);
    await versions.settle(["a.o"]);
    assert.equal(versions.current("a.o"), version);
  }
  for (let version = 0; version <= 3; version++) {
    assert.equal(tree.read(versions.fileOf("a.o", version)), `a.o ${version}`);
  }
  assert.equal(versions.current("b.o"), 0);
  assert.equal(tree.read(tree.path("b.o")), "b.o 0");
});

test("a build that fails puts the objects back as they were", async () => {
  const { tree, versions } = await built("a.o", "b.o");
  const { mtimeNs } = statSync(tree.path("a.o"), { bigint: true });
  await versions.setAside(["a.o", "b.o"]);
  tree.write("b.o", "b.o 1");
  await versions.settle(["a.o", "b.o"]);
  assert.equal(versions.current("a.o"), 0);
  assert.equal(tree.read(versions.fileOf("a.o", 0)), "a.o 0");
  assert.equal(statSync(tree.path("a.o"), { bigint: true }).mtimeNs, mtimeNs, "ninja must take it for what it was");
  assert.equal(versions.current("b.o"), 1);
  await versions.refresh(["a.o", "b.o"]);
  assert.deepEqual([versions.current("a.o"), versions.current("b.o")], [0, 1]);
});

test("an object that was never built has nothing to set aside", async () => {
  const { tree, versions } = await built("a.o");
  assert.ok((await versions.setAside(["new.o"])).ok);
  tree.write("new.o", "new.o 0");
  await versions.settle(["new.o"]);
  assert.equal(versions.current("new.o"), 0);
  assert.equal(tree.read(versions.fileOf("new.o", 0)), "new.o 0");
});

test("an object that somebody else built has a new version, and its old file is lost", async () => {
  const { tree, versions } = await built("a.o", "b.o");
  tree.write("a.o", "a.o 1");
  await versions.refresh(["a.o", "b.o"]);
  assert.equal(versions.current("a.o"), 1);
  assert.equal(versions.fileOf("a.o", 0), undefined);
  assert.equal(versions.current("b.o"), 0);
  await versions.refresh(["a.o", "b.o"]);
  assert.equal(versions.current("a.o"), 1, "the same file again is no new version");
});

test("an object that came new with a build is watched from then on", async () => {
  const { tree, versions } = await built("a.o");
  await versions.setAside(["new.o"]);
  tree.write("new.o", "new.o 0");
  await versions.settle(["new.o"]);
  tree.write("new.o", "by somebody else");
  await versions.refresh(["new.o"]);
  assert.equal(versions.current("new.o"), 1);
  assert.equal(versions.fileOf("new.o", 0), undefined);
});

test("versions that nobody needs are deleted, the others are kept", async () => {
  const { tree, versions } = await built("a.o");
  for (let version = 1; version <= 3; version++) {
    await versions.setAside(["a.o"]);
    tree.write("a.o", `a.o ${version}`);
    await versions.settle(["a.o"]);
  }
  assert.equal(tree.aside.length, 3);
  await versions.keepOnly((object, version) => object === "a.o" && version === 1);
  assert.equal(tree.aside.length, 1);
  assert.equal(tree.read(versions.fileOf("a.o", 1)), "a.o 1");
  assert.equal(versions.fileOf("a.o", 0), undefined);
  assert.equal(tree.read(versions.fileOf("a.o", 3)), "a.o 3", "the newest is ninja's");
});

test("objects of one name in two folders are kept apart", async () => {
  const { tree, versions } = await built("first/a.o", "second/a.o");
  await versions.setAside(["first/a.o", "second/a.o"]);
  tree.write("first/a.o", "first 1");
  tree.write("second/a.o", "second 1");
  await versions.settle(["first/a.o", "second/a.o"]);
  assert.equal(tree.read(versions.fileOf("first/a.o", 0)), "first/a.o 0");
  assert.equal(tree.read(versions.fileOf("second/a.o", 0)), "second/a.o 0");
});

test("a new dev server knows all of it", async () => {
  const { tree, versions } = await built("a.o");
  await versions.setAside(["a.o"]);
  tree.write("a.o", "a.o 1");
  await versions.settle(["a.o"]);
  const again = await tree.open();
  await again.refresh(["a.o"]);
  assert.equal(again.current("a.o"), 1);
  assert.equal(tree.read(again.fileOf("a.o", 0)), "a.o 0");
});

test("a build directory that moved is found through the resolver", async () => {
  const { tree, versions } = await built("a.o");
  const moved = scratch.join("moved", "a.o");
  scratch.write("moved/a.o", "a.o 0");
  versions.setResolver(() => moved);
  assert.equal(versions.fileOf("a.o", 0), moved);
  assert.equal(tree.read(moved), "a.o 0");
});

/** Whatever was killed in between: a file that is said to be version 0 has its text. */
async function checkBaseline(tree: Tree, versions: ObjectVersions): Promise<void> {
  await versions.refresh(["a.o"]);
  const file = tree.read(versions.fileOf("a.o", 0));
  assert.ok(file === undefined || file === "a.o 0", `version 0 is said to be "${file}"`);
  assert.equal(tree.read(versions.fileOf("a.o", versions.current("a.o"))), tree.read(tree.path("a.o")));
  // And the next build goes on as ever.
  const current = versions.current("a.o");
  await versions.setAside(["a.o"]);
  tree.write("a.o", "the next");
  await versions.settle(["a.o"]);
  const after = tree.read(versions.fileOf("a.o", 0));
  assert.ok(after === undefined || after === "a.o 0", `version 0 is said to be "${after}"`);
  assert.ok(versions.current("a.o") > current);
  assert.equal(tree.read(versions.fileOf("a.o", versions.current("a.o"))), "the next");
}

test("killed before the compiler wrote, the dev server does not take the next object for the old one", async () => {
  const { tree, versions } = await built("a.o");
  await versions.setAside(["a.o"]);
  const again = await tree.open();
  tree.write("a.o", "built again");
  await checkBaseline(tree, again);
});

test("killed after the compiler wrote, the dev server does not take the new object for the old one", async () => {
  const { tree, versions } = await built("a.o");
  await versions.setAside(["a.o"]);
  tree.write("a.o", "a.o 1");
  await checkBaseline(tree, await tree.open());
});

test("a build that was given up does not hide what it was for", async () => {
  const { tree, versions } = await built("a.o");
  await versions.setAside(["a.o"]);
  tree.write("a.o", "a.o 1");
  // Nobody settled it, and the next build begins.
  await versions.setAside(["a.o"]);
  tree.write("a.o", "a.o 2");
  await versions.settle(["a.o"]);
  const file = tree.read(versions.fileOf("a.o", 0));
  assert.ok(file === undefined || file === "a.o 0", `version 0 is said to be "${file}"`);
  assert.equal(tree.read(versions.fileOf("a.o", versions.current("a.o"))), "a.o 2");
});

test("objects that cannot be set aside are an error, and those before them are put back", async () => {
  const { tree, versions } = await built("a.o", "file");
  const outcome = await versions.setAside(["a.o", "file/b.o"]);
  assert.ok(!outcome.ok);
  assert.equal(outcome.problem.code, "E_BASELINE");
  assert.equal(outcome.problem.file, "file/b.o");
  await versions.settle(["a.o", "file/b.o"]);
  assert.equal(tree.read(tree.path("a.o")), "a.o 0");
  assert.equal(versions.current("a.o"), 0);
});

test("a state file that is broken is no state", async () => {
  const { tree, versions } = await built("a.o");
  await versions.setAside(["a.o"]);
  tree.write("a.o", "a.o 1");
  await versions.settle(["a.o"]);
  for (const text of ["", "{", "null", "7", '"x"']) {
    scratch.write(`${tree.name}/state/objects.json`, text);
    const again = await tree.open();
    assert.equal(again.current("a.o"), 0);
    assert.equal(again.fileOf("a.o", 7), undefined);
  }
  rmSync(`${tree.state}/objects.json`);
  assert.equal((await tree.open()).current("a.o"), 0);
});

test.run();
