// Modules of C++20 and Fortran: which object reads which is known to a scan only, and changes from build to build.
import assert from "node:assert/strict";
import { readdirSync, statSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import { loadGraph } from "../../plugin/graph/load.js";
import type { Space } from "./space.js";
import { writtenProject } from "./written_project.js";

const test = suite("scans");

// The compilers that are installed know no modules, or CMake does not: copies stand for compilers, the rest is ninja's.
const manifest = `
rule scan
  command = cp $in $out
rule compile
  command = cp $in $out && touch $compiled_module
rule link
  command = cat $in > $out
build modules.dd: scan modules.txt
build interface.o: compile interface.cc || modules.dd
  dyndep = modules.dd
  compiled_module = interface.gcm
build user.o: compile user.cc || modules.dd
  dyndep = modules.dd
  compiled_module = interface.gcm.unused
build other.o: compile other.cc || modules.dd
  dyndep = modules.dd
  compiled_module = other.gcm.unused
build app: link interface.o user.o other.o
`;
const scan =
  "ninja_dyndep_version = 1\nbuild interface.o | interface.gcm: dyndep\nbuild user.o: dyndep | interface.gcm\n";

function project(): Space {
  return writtenProject({
    "build.ninja": manifest,
    "modules.txt": `${scan}build other.o: dyndep\n`,
    "interface.cc": "",
    "user.cc": "",
    "other.cc": "",
  });
}

/** The objects that ninja would make after a touch of the file. */
function dirtyForNinja(space: Space, file: string): string[] {
  const before = statSync(file);
  const later = new Date(Date.now() + 60_000);
  utimesSync(file, later, later);
  const said = space.run("", "ninja", "-n", "-v");
  utimesSync(file, before.atime, before.mtime);
  return readdirSync(space.path).filter((name) => name.endsWith(".o") && said.includes(`cp ${name.slice(0, -1)}cc`));
}

test("an edit of a module's interface affects the objects that import it", async () => {
  const space = project();
  space.run("", "ninja");
  const loaded = await loadGraph(space.path);
  assert.ok(loaded.ok);
  const graph = loaded.value;
  const source = join(space.path, "interface.cc");
  assert.deepEqual(graph.affectedObjects([source]), ["interface.o", "user.o"]);
  assert.deepEqual(graph.affectedObjects([source]), dirtyForNinja(space, source));

  space.write("modules.txt", `${scan}build other.o: dyndep | interface.gcm\n`);
  space.run("", "ninja");
  assert.ok((await graph.refreshDeps()).ok);
  assert.deepEqual(graph.affectedObjects([source]), ["interface.o", "user.o", "other.o"]);
  assert.deepEqual(graph.affectedObjects([source]).toSorted(), dirtyForNinja(space, source));
});

test("before the first build the scan is not there, and only the sources count", async () => {
  const space = project();
  const loaded = await loadGraph(space.path);
  assert.ok(loaded.ok);
  assert.deepEqual(loaded.value.affectedObjects([join(space.path, "interface.cc")]), ["interface.o"]);
});

test("a scan that cannot be read is a problem with its place", async () => {
  const space = project();
  space.write("modules.dd", "ninja_dyndep_version = 1\nbuild interface.o: phony\n");
  const loaded = await loadGraph(space.path);
  assert.ok(!loaded.ok);
  assert.equal(loaded.problem.code, "E_NINJA_SYNTAX");
  assert.equal(`${loaded.problem.file}:${loaded.problem.line}`, join(space.path, "modules.dd:2"));
});

test.run();
