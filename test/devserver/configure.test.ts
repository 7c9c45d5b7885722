// CMake is run when it has to be, with the user's own values kept, and its messages are shown as it wrote them.

import assert from "node:assert/strict";
import { join } from "node:path";
import { suite } from "uvu";
import { cmakeArguments, configure, findProject } from "../../plugin/configure.js";
import { readCache } from "../../plugin/graph/cmake_cache.js";
import { cmakeFolder } from "../../plugin/package_root.js";
import { Scratch } from "./scratch.js";

const test = suite("configure");

const LISTS = `cmake_minimum_required(VERSION 3.20)
project(sample C)
message(STATUS "greeting is \${GREETING}")
add_executable(sample main.c)
`;
const OFF = "HOTRELOAD=OFF";
const module = join(cmakeFolder(), "HotReload.cmake");

function project(lists = LISTS): Scratch {
  return new Scratch({ "CMakeLists.txt": lists, "main.c": "int main(void) { return 0; }\n" });
}

test("a directory without CMakeLists.txt is refused in one sentence", () => {
  const scratch = new Scratch();
  const found = findProject(scratch.path);
  assert.ok(!found.ok && found.problem.code === "E_PROJECT");
  assert.match(found.problem.message, /has no CMakeLists\.txt/);
  const missing = findProject(scratch.file("nowhere"));
  assert.ok(!missing.ok && missing.problem.code === "E_PROJECT");
});

test("CMake runs once, and again only when the options change", async () => {
  const scratch = project();
  let runs = 0;
  const options = { sourceDir: scratch.path, buildDir: scratch.file("b"), onStart: () => runs++ };
  for (const definitions of [[OFF], [OFF], [OFF, "GREETING=a b;c"], [OFF, "GREETING=a b;c"]]) {
    const result = await configure({ ...options, definitions });
    assert.ok(result.ok, JSON.stringify(result));
    assert.match(result.value.program, /ninja/);
    assert.equal(result.value.generator, "Ninja");
  }
  assert.equal(runs, 2);
  const cache = readCache(scratch.file("b"));
  assert.equal(cache.get("GREETING"), "a b;c");
  assert.equal(cache.get("CMAKE_BUILD_TYPE"), "Debug");
  assert.equal(cache.get("CMAKE_PROJECT_TOP_LEVEL_INCLUDES"), module);
  assert.equal(cache.get("CMAKE_MODULE_PATH"), cmakeFolder());
});

test("what CMake says of a broken CMakeLists.txt is shown as it says it", async () => {
  const scratch = project(`${LISTS}message(FATAL_ERROR "no $(luck) today")\n`);
  const result = await configure({ sourceDir: scratch.path, buildDir: scratch.file("b"), definitions: [OFF] });
  assert.ok(!result.ok && result.problem.code === "E_CONFIGURE");
  assert.match(result.problem.detail ?? "", /^CMake Error at CMakeLists\.txt:5 \(message\):\n {2}no \$\(luck\) today/);
});

test("values that the user or the cache has are kept, and ours are appended", () => {
  const scratch = new Scratch({
    "b/CMakeCache.txt":
      "CMAKE_BUILD_TYPE:STRING=Release\nCMAKE_MODULE_PATH:STRING=/their/modules\nCMAKE_GENERATOR:INTERNAL=Ninja\n",
  });
  const settings = { sourceDir: scratch.path, buildDir: scratch.file("b") };
  const given = ["CMAKE_PROJECT_TOP_LEVEL_INCLUDES:PATH=/their/file.cmake", "X=1"];
  assert.deepEqual(cmakeArguments({ ...settings, definitions: given }, [3, 25]), [
    "-S",
    scratch.path,
    "-B",
    scratch.file("b"),
    "-DX=1",
    `-DCMAKE_PROJECT_TOP_LEVEL_INCLUDES=/their/file.cmake;${module}`,
    `-DCMAKE_MODULE_PATH=/their/modules;${cmakeFolder()}`,
  ]);
});

test("an empty build type is a build type, if the user says so", () => {
  const scratch = new Scratch();
  const settings = { sourceDir: scratch.path, buildDir: scratch.file("b"), definitions: ["CMAKE_BUILD_TYPE="] };
  const types = cmakeArguments(settings, [3, 25]).filter((argument) => argument.includes("BUILD_TYPE"));
  assert.deepEqual(types, ["-DCMAKE_BUILD_TYPE="]);
});

test("the user's build type is kept, and before CMake 3.24 the module comes in another way", () => {
  const scratch = new Scratch();
  const settings = { sourceDir: scratch.path, buildDir: scratch.file("b") };
  const old = cmakeArguments({ ...settings, definitions: ["CMAKE_BUILD_TYPE=MinSizeRel"] }, [3, 22]);
  assert.deepEqual(old.slice(4), [
    "-DCMAKE_BUILD_TYPE=MinSizeRel",
    `-DCMAKE_PROJECT_INCLUDE=${module}`,
    `-DCMAKE_MODULE_PATH=${cmakeFolder()}`,
  ]);
});

test("a preset and a generator are CMake's to understand, and what the preset sets is kept", async () => {
  const scratch = project();
  scratch.write(
    "CMakePresets.json",
    JSON.stringify({
      version: 3,
      configurePresets: [
        {
          name: "mine",
          generator: "Unix Makefiles",
          binaryDir: "elsewhere",
          cacheVariables: { CMAKE_BUILD_TYPE: "Release", CMAKE_MODULE_PATH: "/their/modules", HOTRELOAD: "OFF" },
        },
      ],
    }),
  );
  const options = { sourceDir: scratch.path, buildDir: scratch.file("b"), definitions: [], preset: "mine" };
  const result = await configure(options);
  assert.ok(result.ok, JSON.stringify(result));
  assert.deepEqual([result.value.generator, /make$/.test(result.value.program)], ["Unix Makefiles", true]);
  const cache = readCache(scratch.file("b"));
  assert.equal(cache.get("CMAKE_BUILD_TYPE"), "Release");
  assert.equal(cache.get("CMAKE_MODULE_PATH"), `/their/modules;${cmakeFolder()}`);
  const missing = await configure({ ...options, preset: "theirs" });
  assert.ok(!missing.ok && missing.problem.code === "E_CONFIGURE");
  assert.match(missing.problem.detail ?? "", /No such preset.*theirs/s);
});

test.run();
