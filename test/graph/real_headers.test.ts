// RE2 and Abseil with their tests, several hundred objects: what an edit of each header affects, and what ninja says.
//
// To compile all of it would take half an hour of a processor. Which files an object is made from is found out by the
// preprocessor, so that the compiler of this test, which is the real one otherwise, stops there: the same commands, the
// same depfiles, the same log of ninja. What is in an object concerns neither ninja nor the graph.
import assert from "node:assert/strict";
import { chmodSync, readdirSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { suite } from "uvu";
import { type LoadedGraph, loadGraph } from "../../plugin/graph/load.js";
import { type ConfiguredProject, configureProject } from "../projects/configured_project.js";
import { re2Project } from "../projects/sources.js";

const test = suite("headers of RE2 and Abseil");
const preprocess = '#!/bin/sh\nexec "$@" -E -dM\n'; // only the macros: the output is not looked at

let project: ConfiguredProject;
let graph: LoadedGraph;
/** Those that end up in a program: Abseil has a few in archives that nothing links, which no process can run. */
let objects: readonly string[];

test.before(async () => {
  const launcher = (sources: string) => join(sources, "preprocess.sh");
  project = await configureProject(re2Project(), {
    define: { WITH_TESTS: "ON", CMAKE_C_COMPILER_LAUNCHER: launcher, CMAKE_CXX_COMPILER_LAUNCHER: launcher },
    prepare: (sources) => {
      writeFileSync(launcher(sources), preprocess);
      chmodSync(launcher(sources), 0o755);
    },
  });
  const targets = project.ninja("-t", "targets", "all").split("\n");
  const modules = targets.flatMap(
    (line) => /^(.*): C\w*_(?:EXECUTABLE|SHARED_LIBRARY|MODULE)_LINKER__/.exec(line)?.[1] ?? [],
  );
  const inputs = project.ninja("-t", "inputs", ...modules).split("\n");
  objects = inputs.filter((input) => input.endsWith(".o"));
  project.ninja(...objects);
  const loaded = await loadGraph(project.buildDir);
  assert.ok(loaded.ok, loaded.ok ? "" : JSON.stringify(loaded.problem));
  graph = loaded.value;
});

/** The objects that ninja would make now. */
function dirtyForNinja(): string[] {
  const lines = project.ninja("-n", ...objects).split("\n");
  return lines.flatMap((line) => /^Building \S+ object (.*)$/.exec(line)?.[1] ?? []).sort();
}

function dirtyForNinjaAfterTouch(file: string): string[] {
  const before = statSync(file);
  const later = new Date(Date.now() + 60_000);
  utimesSync(file, later, later);
  const dirty = dirtyForNinja();
  utimesSync(file, before.atime, before.mtime);
  return dirty;
}

test("the objects in modules are those that ninja needs for them, several hundred, and none is out of date", () => {
  assert.ok(objects.length > 400, `${objects.length} objects`);
  const ours = new Set(graph.targets.flatMap(({ artifacts }) => artifacts.flatMap((file) => graph.objectsOf(file))));
  assert.deepEqual([...ours].sort(), objects.toSorted());
  assert.deepEqual(dirtyForNinja(), []);
});

test("for every header of the tree, the affected objects are those that ninja would build after a touch", () => {
  const entries = readdirSync(project.sourceDir, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const headers = files.filter((file) => /\.(h|inc)$/.test(file));
  assert.ok(headers.length > 400, `${headers.length} headers`);
  let dirty = 0;
  for (const header of headers) {
    const theirs = dirtyForNinjaAfterTouch(header);
    assert.deepEqual(graph.affectedObjects([header]).toSorted(), theirs, relative(project.sourceDir, header));
    dirty += theirs.length;
  }
  assert.ok(dirty > 10_000, `${dirty} objects in all`);
});

test.run();
