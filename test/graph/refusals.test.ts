// Build directories that cannot be used, and what is said about them.
import assert from "node:assert/strict";
import { cpSync, existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import type { Problem } from "../../plugin/errors.js";
import { writeFileApiQuery } from "../../plugin/graph/file_api.js";
import { loadGraph } from "../../plugin/graph/load.js";
import { smallProject } from "./small_project.js";
import { Space } from "./space.js";

const test = suite("refusals of the build graph");

async function refusal(buildDir: string): Promise<Problem> {
  const result = await loadGraph(buildDir);
  assert.ok(!result.ok);
  return result.problem;
}

const reply = ".cmake/api/v1/reply";
const index = {
  cmake: { generator: { name: "Ninja" }, paths: { root: "/usr/share/cmake" } },
  objects: [{ kind: "codemodel", version: { major: 2, minor: 4 }, jsonFile: "codemodel.json" }],
};

/** A build directory with an answer of CMake that the test writes. */
function answered(files: Readonly<Record<string, unknown>>): string {
  const space = new Space({ "build.ninja": "" });
  for (const [name, value] of Object.entries(files)) {
    space.write(join(reply, name), typeof value === "string" ? value : JSON.stringify(value));
  }
  return space.path;
}

test("a directory without build.ninja and Makefile is refused", async () => {
  const problem = await refusal(new Space().path);
  assert.equal(problem.code, "E_GRAPH");
  assert.match(problem.message, /there is neither a build\.ninja nor a Makefile: configure with cmake/);
});

test("without an answer of CMake the problem says what to do", async () => {
  const problem = await refusal(new Space({ "build.ninja": "" }).path);
  assert.equal(problem.code, "E_FILE_API");
  assert.match(problem.message, /run `cmake \.` in this directory/);
});

test("the query can be written before the build directory exists, and again", async () => {
  const directory = join(new Space().path, "build");
  for (let time = 0; time < 2; time++) assert.ok((await writeFileApiQuery(directory)).ok);
  assert.ok(existsSync(join(directory, ".cmake/api/v1/query/client-hotreload/codemodel-v2")));
});

test("a query that cannot be written is a problem, not an exception", async () => {
  const result = await writeFileApiQuery(new Space({ build: "a file" }).path.concat("/build"));
  assert.ok(!result.ok);
  assert.equal(result.problem.code, "E_FILE_API");
});

test("an answer that is cut off, of another version or incomplete is refused with its file", async () => {
  const cases: readonly (readonly [Record<string, unknown>, RegExp, RegExp])[] = [
    [{ "index-1.json": '{"objects": [' }, /cannot be read/, /index-1\.json$/],
    [{ "index-1.json": { ...index, objects: [] } }, /no codemodel of version 2/, /index-1\.json$/],
    [{ "index-1.json": [] }, /has no list at objects/, /index-1\.json$/],
    [{ "index-1.json": index }, /cannot be read/, /codemodel\.json$/],
    [{ "index-1.json": index, "codemodel.json": {} }, /has no object at paths/, /codemodel\.json$/],
    [{ "index-1.json": {}, "index-2.json": "x" }, /cannot be read/, /index-2\.json$/],
  ];
  for (const [files, message, file] of cases) {
    const problem = await refusal(answered(files));
    assert.equal(problem.code, "E_FILE_API");
    assert.match(problem.message, message);
    assert.match(problem.file ?? "", file);
  }
});

test("a build directory that was moved is refused", async () => {
  const { buildDir } = await smallProject();
  const space = new Space();
  cpSync(buildDir, space.path, { recursive: true });
  const problem = await refusal(space.path);
  assert.equal(problem.code, "E_FILE_API");
  assert.match(problem.message, /CMake configured it as .*build; run cmake again/);
});

test("a fault in build.ninja is shown with its place and a caret", async () => {
  const { buildDir, space } = await smallProject();
  const copy = new Space();
  cpSync(space.path, copy.path, { recursive: true, verbatimSymlinks: true });
  rmSync(join(copy.path, "build", reply), { recursive: true });
  for (const name of readdirSync(join(buildDir, reply))) {
    const answer = copy.run("", "cat", join(buildDir, reply, name)).replaceAll(space.path, copy.path);
    copy.write(join("build", reply, name), answer);
  }
  copy.write("build/build.ninja", "rule r\n  command = c\nbuild a: nothing\n");
  const problem = await refusal(join(copy.path, "build"));
  assert.deepEqual(problem, {
    code: "E_NINJA_SYNTAX",
    message: "unknown build rule 'nothing'",
    file: join(copy.path, "build/build.ninja"),
    line: 3,
    column: 10,
    detail: "build a: nothing\n         ^ near here",
  });

  copy.write("build/build.ninja", "");
  copy.write("build/.ninja_deps", "garbage");
  const log = await refusal(join(copy.path, "build"));
  assert.equal(log.code, "E_NINJA_LOG");
  assert.match(log.message, /^byte 0: /);
});

test.run();
