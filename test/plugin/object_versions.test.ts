// Versions of objects: what a process runs is never lost to a build, and never taken for something else.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { suite } from "uvu";
import { ObjectVersions, type Version } from "../../plugin/object_versions.js";
import { Scratch } from "./scratch.js";

const scratch = new Scratch();
const test = suite("object versions");

let count = 0;

/** A build directory, and what one does with it. */
class Tree {
  readonly name = `tree-${count++}`;
  readonly path = (object: string): string => scratch.join(this.name, "build", object);
  readonly state = scratch.directory(`${this.name}/state`);

  open(): ObjectVersions {
    return ObjectVersions.open(this.state, this.path);
  }

  /** As compilers do it: a new file. Its time is a new one even if the clock did not move. */
  write(object: string, text: string): void {
    rmSync(this.path(object), { force: true });
    this.overwrite(object, text);
  }

  /** As no compiler does it: the same file with other contents. */
  overwrite(object: string, text: string): void {
    const file = scratch.write(`${this.name}/build/${object}`, text);
    const time = 1_700_000_000 + count++;
    utimesSync(file, time, time);
  }

  text(object: string): string {
    return readFileSync(this.path(object), "utf8");
  }

  get kept(): number {
    return readdirSync(`${this.state}/objects`).length;
  }
}

/** The first versions were built and seen. */
function built(...objects: readonly string[]): { tree: Tree; versions: ObjectVersions; first: Version } {
  const tree = new Tree();
  for (const object of objects) tree.write(object, `${object} 0`);
  const versions = tree.open();
  versions.keep(objects);
  return { tree, versions, first: current(versions, objects[0] as string) };
}

function current(versions: ObjectVersions, object: string): Version {
  const version = versions.current(object);
  assert.ok(version !== undefined, `${object} is there`);
  return version;
}

function textOf(versions: ObjectVersions, object: string, version: Version): string | undefined {
  const file = versions.fileOf(object, version);
  return file === undefined ? undefined : readFileSync(file, "utf8");
}

/** Builds anew, as the dev server lets ninja do it. */
function rebuild(tree: Tree, versions: ObjectVersions, object: string, text: string): Version {
  assert.ok(versions.setAside([object]).ok);
  tree.write(object, text);
  versions.settle([object]);
  return current(versions, object);
}

test("what was built is a version, and lies where no build writes", () => {
  const { tree, versions, first } = built("a.o");
  assert.equal(textOf(versions, "a.o", first), "a.o 0");
  assert.notEqual(versions.fileOf("a.o", first), tree.path("a.o"));
  assert.equal(versions.current("never-built.o"), undefined);
});

test("the same file is the same version, however often one looks", () => {
  const { versions, first } = built("a.o");
  versions.keep(["a.o"]);
  assert.equal(versions.current("a.o"), first);
});

test("each build that writes an object makes a version, and the old ones stay", () => {
  const { tree, versions, first } = built("a.o", "b.o");
  const all = [first];
  for (let n = 1; n <= 3; n++) all.push(rebuild(tree, versions, "a.o", `a.o ${n}`));
  assert.equal(new Set(all).size, 4);
  assert.deepEqual(
    all.map((version) => textOf(versions, "a.o", version)),
    ["a.o 0", "a.o 1", "a.o 2", "a.o 3"],
  );
  assert.equal(tree.text("b.o"), "b.o 0");
});

test("ninja finds no object that was set aside", () => {
  const { tree, versions } = built("a.o");
  versions.setAside(["a.o"]);
  assert.ok(!existsSync(tree.path("a.o")));
});

test("a build that fails leaves the objects as they were", () => {
  const { tree, versions, first } = built("a.o", "b.o");
  const { mtimeNs, ino } = statSync(tree.path("a.o"), { bigint: true });
  versions.setAside(["a.o", "b.o"]);
  tree.write("b.o", "b.o 1");
  versions.settle(["a.o", "b.o"]);
  assert.equal(versions.current("a.o"), first);
  const after = statSync(tree.path("a.o"), { bigint: true });
  assert.deepEqual([after.mtimeNs, after.ino], [mtimeNs, ino], "ninja must take it for what it was");
  assert.equal(textOf(versions, "b.o", current(versions, "b.o")), "b.o 1");
});

test("an object that another ninja built is a version like any other, and the old one is not lost", () => {
  const { tree, versions, first } = built("a.o", "b.o");
  tree.write("a.o", "by another terminal");
  versions.keep(["a.o", "b.o"]);
  assert.notEqual(versions.current("a.o"), first);
  assert.equal(textOf(versions, "a.o", first), "a.o 0");
  assert.equal(textOf(versions, "a.o", current(versions, "a.o")), "by another terminal");
});

test("an object that another ninja built between the look and our build is not lost either", () => {
  const { tree, versions, first } = built("a.o");
  tree.write("a.o", "in between");
  rebuild(tree, versions, "a.o", "ours");
  assert.equal(textOf(versions, "a.o", first), "a.o 0");
  assert.equal(tree.text("a.o"), "ours");
});

test("an object that is gone has no version, until it is built again", () => {
  const { tree, versions, first } = built("a.o");
  rmSync(tree.path("a.o"));
  versions.keep(["a.o"]);
  assert.equal(versions.current("a.o"), undefined);
  assert.equal(textOf(versions, "a.o", first), "a.o 0");
});

test("what was written over in place is lost, and is not taken for what it was", () => {
  const { tree, versions, first } = built("a.o");
  tree.overwrite("a.o", "else");
  assert.equal(versions.fileOf("a.o", first), undefined);
  versions.keep(["a.o"]);
  assert.equal(textOf(versions, "a.o", current(versions, "a.o")), "else");
  assert.equal(versions.fileOf("a.o", first), undefined);
});

test("versions that nobody needs are deleted, the others and the newest stay", () => {
  const { tree, versions } = built("a.o", "b.o");
  const one = rebuild(tree, versions, "a.o", "a.o 1");
  const two = rebuild(tree, versions, "a.o", "a.o 2");
  const three = rebuild(tree, versions, "a.o", "a.o 3");
  assert.equal(tree.kept, 5);
  versions.keepOnly((object, version) => object === "a.o" && version === one);
  assert.equal(tree.kept, 3);
  assert.deepEqual(
    [one, two, three].map((version) => textOf(versions, "a.o", version)),
    ["a.o 1", undefined, "a.o 3"],
  );
});

test("objects that the project has no more are forgotten, those that it has are not", () => {
  const { tree, first } = built("a.o", "removed.o");
  const again = tree.open();
  again.keep(["a.o"]);
  again.forgetOthers(["removed.o"]);
  assert.equal(tree.kept, 2, "a module that still runs was linked from it");
  tree.open().forgetOthers(["a.o"]);
  assert.equal(tree.kept, 1);
  assert.equal(textOf(again, "a.o", first), "a.o 0");
});

test("objects of one name in two folders are kept apart", () => {
  const { tree, versions, first } = built("first/a.o", "second/a.o");
  const second = current(versions, "second/a.o");
  rebuild(tree, versions, "first/a.o", "first 1");
  rebuild(tree, versions, "second/a.o", "second 1");
  assert.equal(textOf(versions, "first/a.o", first), "first/a.o 0");
  assert.equal(textOf(versions, "second/a.o", second), "second/a.o 0");
});

test("a new dev server knows all of it, even what was built while none ran", () => {
  const { tree, versions, first } = built("a.o");
  const second = rebuild(tree, versions, "a.o", "a.o 1");
  tree.write("a.o", "a.o 2");
  const again = tree.open();
  again.keep(["a.o"]);
  assert.equal(textOf(again, "a.o", first), "a.o 0");
  assert.equal(textOf(again, "a.o", second), "a.o 1");
  assert.equal(textOf(again, "a.o", current(again, "a.o")), "a.o 2");
});

test("killed at any moment of a build, the dev server leaves every version what it is", () => {
  const interruptions: ((tree: Tree, versions: ObjectVersions) => void)[] = [
    (_tree, versions) => versions.setAside(["a.o"]),
    (tree, versions) => {
      versions.setAside(["a.o"]);
      tree.write("a.o", "a.o 1");
    },
    (tree, versions) => rebuild(tree, versions, "a.o", "a.o 1"),
  ];
  for (const interrupt of interruptions) {
    const { tree, versions, first } = built("a.o");
    interrupt(tree, versions);
    const again = tree.open();
    again.keep(["a.o"]);
    assert.equal(textOf(again, "a.o", first), "a.o 0");
    rebuild(tree, again, "a.o", "the next");
    assert.equal(textOf(again, "a.o", first), "a.o 0");
    assert.equal(textOf(again, "a.o", current(again, "a.o")), "the next");
  }
});

test("a build that was given up does not hide what it was for", () => {
  const { tree, versions, first } = built("a.o");
  versions.setAside(["a.o"]);
  tree.write("a.o", "a.o 1");
  // Nobody settled it, and the next build begins.
  rebuild(tree, versions, "a.o", "a.o 2");
  assert.equal(textOf(versions, "a.o", first), "a.o 0");
  assert.equal(textOf(versions, "a.o", current(versions, "a.o")), "a.o 2");
});

test("objects that cannot be set aside are an error, and those before them are put back", () => {
  const { tree, versions, first } = built("a.o", "file");
  scratch.directory(`${tree.name}/build/directory.o`);
  const outcome = versions.setAside(["a.o", "directory.o"]);
  assert.ok(!outcome.ok);
  assert.equal(outcome.problem.code, "E_BASELINE");
  assert.equal(outcome.problem.file, "directory.o");
  assert.equal(tree.text("a.o"), "a.o 0");
  assert.equal(versions.current("a.o"), first);
});

test("files that are no versions are left alone", () => {
  const { tree, first } = built("a.o");
  for (const name of ["readme", "0123456789abcdef.o", "0123456789abcdef.1-2.o"]) {
    writeFileSync(`${tree.state}/objects/${name}`, "");
  }
  const again = tree.open();
  again.keep(["a.o"]);
  again.forgetOthers([]);
  assert.equal(textOf(again, "a.o", first), "a.o 0");
  assert.equal(tree.kept, 4);
});

test.run();
