// The graph of a real project: targets, modules, objects, and what an edit of each file affects.
import assert from "node:assert/strict";
import { cpSync, readdirSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { suite } from "uvu";
import { type LoadedGraph, loadGraph } from "../../plugin/graph/load.js";
import type { ConfiguredProject } from "../projects/configured_project.js";
import { smallProject } from "./small_project.js";
import { Space } from "./space.js";

const test = suite("build graph");
let project: ConfiguredProject;
let graph: LoadedGraph;

test.before(async () => {
  project = await smallProject();
  graph = await load(project.buildDir);
});

async function load(buildDir: string): Promise<LoadedGraph> {
  const result = await loadGraph(buildDir);
  assert.ok(result.ok, result.ok ? "" : JSON.stringify(result.problem));
  return result.value;
}

function source(name: string): string {
  return join(project.sourceDir, name);
}

function built(name: string): string {
  return join(project.buildDir, name);
}

const objects = {
  one: "CMakeFiles/archive.dir/src/archive_one.c.o",
  two: "CMakeFiles/archive.dir/src/archive_two.c.o",
  object: "CMakeFiles/objects.dir/src/object.c.o",
  versioned: "CMakeFiles/versioned.dir/src/versioned.c.o",
  plugin: "CMakeFiles/plugin.dir/src/plugin.c.o",
  main: "CMakeFiles/app.dir/src/main.c.o",
  odd: "CMakeFiles/app.dir/src/odd_name/odd.c.o",
  made: "CMakeFiles/app.dir/made.c.o",
  tool: "tool/CMakeFiles/tool.dir/tool.c.o",
  never: "CMakeFiles/never.dir/src/never.c.o",
};

/** The objects whose compile commands ninja would run now. */
function dirtyForNinja(): string[] {
  const commands = new Map(Object.values(objects).map((object) => [graph.commandOf(object), object]));
  const lines = project.ninja("-n", "-v", "-d", "explain").split("\n");
  return lines.flatMap((line) => commands.get(line) ?? []).sort();
}

test("the linker rules of build.ninja tell the same modules, objects and dependents as CMake itself", async () => {
  const result = await loadGraph(project.buildDir, "linker-rules");
  assert.ok(result.ok, result.ok ? "" : JSON.stringify(result.problem));
  const rules = result.value;
  assert.deepEqual(
    [rules.sourceDir, rules.buildDir, rules.projectName],
    [graph.sourceDir, graph.buildDir, graph.projectName],
  );
  assert.deepEqual(rules.watchedFiles.toSorted(), graph.watchedFiles.toSorted());
  for (const file of graph.watchedFiles)
    assert.deepEqual(rules.affectedObjects([file]), graph.affectedObjects([file]), file);
  const linked = ["EXECUTABLE", "SHARED_LIBRARY", "MODULE_LIBRARY"];
  const modulesOf = (each: LoadedGraph) =>
    Object.fromEntries(
      each.targets
        .filter(({ type }) => linked.includes(type))
        .map(({ name, artifacts }) => [name, [artifacts[0], each.objectsOf(artifacts[0] ?? "")]]),
    );
  assert.deepEqual(modulesOf(rules), modulesOf(graph));
  assert.equal(Object.keys(modulesOf(rules)).length, 5);
});

test("the directories, the project and its targets are known", () => {
  assert.equal(graph.sourceDir, project.sourceDir);
  assert.equal(graph.buildDir, project.buildDir);
  assert.equal(graph.projectName, "small");
  const types = Object.fromEntries(graph.targets.map((target) => [target.name, target.type]));
  assert.deepEqual(types, {
    app: "EXECUTABLE",
    archive: "STATIC_LIBRARY",
    never: "EXECUTABLE",
    objects: "OBJECT_LIBRARY",
    plugin: "MODULE_LIBRARY",
    tool: "EXECUTABLE",
    versioned: "SHARED_LIBRARY",
  });
});

test("the main artifact of a versioned library is the file that the linker wrote", () => {
  const target = graph.targets.find(({ name }) => name === "versioned");
  assert.deepEqual(target?.artifacts, [built("libversioned.so.1.2"), built("libversioned.so")]);
});

test("an object of an archive belongs to every module that links the archive", () => {
  const modules = [built("app"), built("tool/tool"), built("libversioned.so.1.2")];
  assert.deepEqual(graph.modulesOf(objects.one), modules);
  assert.deepEqual(graph.modulesOf(built(objects.two)), modules);
});

test("an object of an object library belongs to the program that links it", () => {
  assert.deepEqual(graph.modulesOf(objects.object), [built("app")]);
  assert.deepEqual(graph.modulesOf(objects.plugin), [built("libplugin.so")]);
  assert.deepEqual(graph.modulesOf("no/such.o"), []);
});

test("the objects of a module are listed in link order", () => {
  const app = [objects.object, objects.main, objects.odd, objects.made, objects.one, objects.two];
  assert.deepEqual(graph.objectsOf(built("app")), app);
  const versioned = [objects.versioned, objects.one, objects.two];
  assert.deepEqual(graph.objectsOf(built("libversioned.so.1.2")), versioned);
  assert.deepEqual(graph.objectsOf(built("libarchive.a")), []);
});

test("a module is known by the symbolic links to it as well", () => {
  assert.deepEqual(graph.objectsOf(built("libversioned.so")), graph.objectsOf(built("libversioned.so.1.2")));
});

test("the command of an object is the one that ninja would run", () => {
  const commands = project.ninja("-t", "commands", objects.main).trimEnd().split("\n");
  assert.equal(graph.commandOf(objects.main), commands.at(-1));
  assert.equal(graph.commandOf(source("src/main.c")), undefined);
  assert.equal(graph.resolve(objects.main), built(objects.main));
});

test("for each watched file, the affected objects are those that ninja would build after a touch", () => {
  assert.deepEqual(dirtyForNinja(), []);
  let dirty = 0;
  for (const file of graph.watchedFiles) {
    if (graph.isConfigureInput(file) || file === source("src/never.c")) continue;
    const before = statSync(file);
    const later = new Date(Date.now() + 60_000);
    utimesSync(file, later, later);
    const theirs = dirtyForNinja();
    utimesSync(file, before.atime, before.mtime);
    assert.deepEqual(graph.affectedObjects([file]).toSorted(), theirs, relative(project.sourceDir, file));
    dirty += theirs.length;
  }
  assert.ok(dirty > 20);
});

test("a header affects the objects that read it, in the order of build.ninja", () => {
  const order = [objects.one, objects.plugin, objects.odd, objects.tool];
  assert.deepEqual(graph.affectedObjects([source("src/shared.h")]), order);
});

test("what a command reads affects the objects that read what it writes", () => {
  assert.deepEqual(graph.affectedObjects([source("listed.txt")]), [objects.main]);
  assert.deepEqual(graph.affectedObjects([source("reported.txt")]), [objects.main]);
  assert.deepEqual(graph.affectedObjects([source("first.txt")]), [objects.made]);
  assert.deepEqual(graph.affectedObjects([built("listed.h")]), [objects.main]);
});

test("a precompiled header affects the objects that use it", () => {
  assert.deepEqual(graph.affectedObjects([source("src/precompiled.h")]), [objects.plugin]);
});

test("a file may be given by its real path or through a symbolic link", () => {
  assert.deepEqual(graph.affectedObjects([source("real/behind_link.h")]), [objects.versioned]);
  assert.deepEqual(graph.affectedObjects([source("linked/behind_link.h")]), [objects.versioned]);
});

test("the build directory may be given through a symbolic link", async () => {
  const space = new Space();
  const link = join(space.path, "link");
  symlinkSync(project.buildDir, link);
  const linked = await load(link);
  assert.equal(linked.buildDir, project.buildDir);
  assert.deepEqual(linked.objectsOf(join(link, "app")), graph.objectsOf(built("app")));
  assert.deepEqual(linked.affectedObjects([join(link, "listed.h")]), [objects.main]);
});

test("several files affect each object once; unknown files and files of CMake affect none", () => {
  assert.deepEqual(graph.affectedObjects([source("src/object.c"), source("src/nested/deep.h")]), [
    objects.one,
    objects.object,
    objects.plugin,
    objects.odd,
    objects.tool,
  ]);
  assert.deepEqual(graph.affectedObjects([source("src/unused.h"), "/nowhere/x.h"]), []);
  assert.deepEqual(graph.affectedObjects([source("CMakeLists.txt")]), []);
  assert.deepEqual(graph.affectedObjects([]), []);
});

test("an object that was never built is affected by its source only", () => {
  assert.deepEqual(graph.affectedObjects([source("src/never.c")]), [objects.never]);
});

test("the watched files are those of the project that the build reads", () => {
  const sources = graph.watchedFiles.filter((file) => file.startsWith(project.sourceDir));
  const files = readdirSync(project.sourceDir, { recursive: true, withFileTypes: true });
  const expected = files.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  assert.deepEqual(sources.toSorted(), expected.filter((file) => file !== source("src/unused.h")).toSorted());
  const others = graph.watchedFiles.filter((file) => !file.startsWith(project.sourceDir));
  assert.deepEqual(others.toSorted(), [
    built("CMakeFiles/plugin.dir/cmake_pch.h"),
    built("CMakeFiles/plugin.dir/cmake_pch.h.c"),
    built("config.h"),
  ]);
});

test("the files that CMake reads are told from the sources", () => {
  const yes = ["CMakeLists.txt", "tool/CMakeLists.txt", "flags.cmake", "config.h.in", "CMakePresets.json"];
  const no = ["src/main.c", "src/shared.h", "listed.txt", "write.sh", "other/CMakeLists.txt"];
  for (const name of yes) assert.equal(graph.isConfigureInput(source(name)), true, name);
  for (const name of no) assert.equal(graph.isConfigureInput(source(name)), false, name);
});

test("after a build the graph takes in new headers", async () => {
  const space = new Space();
  cpSync(project.space.path, space.path, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
  rmSync(join(space.path, "build"), { recursive: true });
  cpSync(join(project.buildDir, ".cmake/api/v1/query"), join(space.path, "build/.cmake/api/v1/query"), {
    recursive: true,
  });
  space.run("build", "cmake", "-G", "Ninja", "../source");
  const fresh = await load(join(space.path, "build"));
  const header = space.write("source/src/new.h", "");
  assert.deepEqual(fresh.affectedObjects([header]), []);
  writeFileSync(join(space.path, "source/src/object.c"), '#include "new.h"\nint object(void) { return 3; }\n');
  space.run("build", "ninja", objects.object);
  assert.equal(fresh.watchedFiles.includes(header), false);
  assert.ok((await fresh.refreshDeps()).ok);
  assert.equal(fresh.watchedFiles.includes(header), true);
  assert.deepEqual(fresh.affectedObjects([header]), [objects.object]);

  // A record that is lost: only a build can tell what the object reads, so that any edit affects it.
  rmSync(join(space.path, "build/.ninja_deps"));
  assert.ok((await fresh.refreshDeps()).ok);
  assert.deepEqual(fresh.affectedObjects([join(space.path, "source/src/archive_two.c")]), [
    objects.two,
    objects.object,
  ]);
});

test.run();
