// Build directories that something went wrong in: logs that are torn or older than the objects, circles, missing files.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import { Ninja } from "../../plugin/build.js";
import type { Problem } from "../../plugin/errors.js";
import { type LoadedGraph, loadGraph } from "../../plugin/graph/load.js";
import { fuzz } from "./random.js";
import type { Space } from "./space.js";
import { writtenProject } from "./written_project.js";

const test = suite("damaged build directories");

const rules = `rule compile
  command = cc -MD -MF $out.d -c $in -o $out
  depfile = $out.d
  deps = gcc
rule link
  command = cc $in -o $out
rule copy
  command = cp $in $out
`;
const objects = ["one.o", "two.o", "three.o", "main.o"];

function compiledProject(): Space {
  const compiles = objects.map((object) => `build ${object}: compile ${object.replace(".o", ".c")}\n`);
  return writtenProject({
    "build.ninja": `${rules}${compiles.join("")}build app: link ${objects.join(" ")}\n`,
    "one.c": '#include "outer.h"\nint one(void) { return OUTER; }\n',
    "two.c": '#include "inner.h"\nint two(void) { return INNER; }\n',
    "three.c": "int three(void) { return 3; }\n",
    "main.c": '#include "outer.h"\nint main(void) { return OUTER; }\n',
    "outer.h": '#include "inner.h"\n#define OUTER INNER\n',
    "inner.h": "#define INNER 0\n",
    "other.h": "",
  });
}

async function load(space: Space): Promise<LoadedGraph> {
  const loaded = await loadGraph(space.path);
  assert.ok(loaded.ok, loaded.ok ? "" : loaded.problem.message);
  return loaded.value;
}

async function refusal(space: Space): Promise<Problem> {
  const loaded = await loadGraph(space.path);
  assert.ok(!loaded.ok);
  return loaded.problem;
}

/** The objects that ninja would make after a touch of the file. */
function dirtyForNinja(space: Space, name: string): string[] {
  const file = join(space.path, name);
  const before = statSync(file);
  const later = new Date(Date.now() + 60_000);
  utimesSync(file, later, later);
  const said = space.run("", "ninja", "-n", "-v");
  utimesSync(file, before.atime, before.mtime);
  return objects.filter((object) => said.includes(`-o ${object}\n`));
}

test("a log that is torn anywhere affects what it affects for ninja", async () => {
  const space = compiledProject();
  space.run("", "ninja");
  const log = readFileSync(join(space.path, ".ninja_deps"));
  const ends: number[] = [];
  fuzz(1, 40, (random) => ends.push(random.below(log.length)));
  const names = ["inner.h", "outer.h", "three.c"];
  for (const end of ends) {
    space.write(".ninja_deps", log.subarray(0, end));
    const loaded = await loadGraph(space.path);
    if (!loaded.ok) {
      assert.equal(loaded.problem.code, "E_NINJA_LOG", `cut at ${end}`);
      assert.ok(end < 16, "only a log without its header is none");
      continue;
    }
    for (const name of names) {
      const ours = loaded.value.affectedObjects([join(space.path, name)]);
      assert.deepEqual(ours, dirtyForNinja(space, name), `${name}, cut at ${end}`);
    }
  }
});

test("a log with a wrong record is refused with its byte, until ninja has run", async () => {
  const space = compiledProject();
  space.run("", "ninja");
  const file = join(space.path, ".ninja_deps");
  const log = readFileSync(file);
  const id = log.indexOf("one.c") + 8; // the complement of the id, behind the padded path
  log.writeInt32LE(~77, id);
  writeFileSync(file, log);
  const problem = await refusal(space);
  assert.equal(problem.code, "E_NINJA_LOG");
  assert.equal(problem.file, file);
  assert.match(problem.message, /^byte \d+: a path with the id 77 where \d+ is due; run ninja once/);

  space.run("", "ninja");
  const graph = await load(space);
  for (const name of ["inner.h", "outer.h", "three.c"]) {
    assert.deepEqual(graph.affectedObjects([join(space.path, name)]), dirtyForNinja(space, name), name);
  }
});

test("a log that cannot be read is refused", async () => {
  const space = compiledProject();
  mkdirSync(join(space.path, ".ninja_deps"));
  const problem = await refusal(space);
  assert.equal(problem.code, "E_NINJA_LOG");
  assert.match(problem.message, /EISDIR/);
});

test("an object that is newer than its record is built along with any save: only a build can tell what it reads", async () => {
  const space = compiledProject();
  space.run("", "ninja");
  const graph = await load(space);
  assert.deepEqual(graph.affectedObjects([join(space.path, "three.c")]), ["three.o"]);

  // As a ninja that is killed behind a compiler leaves it.
  space.write("two.c", '#include "other.h"\nint two(void) { return 2; }\n');
  space.run("", "cc", "-c", "two.c", "-o", "two.o");
  assert.ok((await graph.refreshDeps()).ok);
  assert.deepEqual(graph.affectedObjects([join(space.path, "three.c")]), ["two.o", "three.o"]);
  assert.deepEqual(graph.affectedObjects([join(space.path, "three.c")]), dirtyForNinja(space, "three.c"));

  space.run("", "ninja");
  assert.ok((await graph.refreshDeps()).ok);
  assert.deepEqual(graph.affectedObjects([join(space.path, "three.c")]), ["three.o"]);
  assert.deepEqual(graph.affectedObjects([join(space.path, "other.h")]), ["two.o"]);
});

test("edges in a circle: the graph comes to an end, and the build fails with the circle in ninja's words", async () => {
  const circle = "build a.h: copy b.h\nbuild b.h: copy a.h\nbuild one.o: compile one.c | a.h\nbuild app: link one.o\n";
  const space = writtenProject({ "build.ninja": `${rules}${circle}`, "one.c": "", "a.h": "", "b.h": "" });
  const graph = await load(space);
  assert.deepEqual(graph.affectedObjects([join(space.path, "b.h")]), ["one.o"]);
  assert.deepEqual(graph.objectsOf(join(space.path, "app")), ["one.o"]);
  const built = await new Ninja(space.path, "ninja").buildObjects(["one.o"]);
  assert.equal(built.ok, false);
  assert.match(built.output, /dependency cycle: \S+ -> \S+ -> \S+/);
});

test("a file that build.ninja includes and that is missing is named where it is included", async () => {
  for (const statement of ["include", "subninja"]) {
    const space = compiledProject();
    const text = readFileSync(join(space.path, "build.ninja"), "utf8");
    space.write("build.ninja", `${text}${statement} rules.ninja\n`);
    const problem = await refusal(space);
    assert.equal(problem.code, "E_NINJA_SYNTAX");
    assert.match(problem.message, /^loading 'rules\.ninja': ENOENT/);
    assert.equal(problem.file, join(space.path, "build.ninja"));
    assert.equal(problem.line, text.split("\n").length);
    assert.match(problem.detail ?? "", /rules\.ninja\n +\^ near here$/);

    space.write("rules.ninja", "rule\n");
    assert.equal((await refusal(space)).file, join(space.path, "rules.ninja"));
    rmSync(join(space.path, "rules.ninja"));
  }
});

test.run();
