// Objects of real code compared with themselves, and with what a comment makes of them: nothing changed.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { suite } from "uvu";
import { diff, layouts, readObject } from "../../plugin/elf/index.js";
import { packageRoot } from "../../plugin/package_root.js";

const run = promisify(execFile);
const LEVELDB = join(packageRoot(), "node_modules/classic-level/deps/leveldb/leveldb-1.20");
const FLAGS = [
  ...["-g", "-fPIC", "-falign-functions=16", "-fpatchable-function-entry=8,6", "-w"],
  ...["-ffunction-sections", "-fdata-sections", "-DLEVELDB_PLATFORM_POSIX", "-DOS_LINUX"],
  ...["-I", LEVELDB, "-I", join(LEVELDB, "include")],
];
const NOTHING = {
  changedFunctions: [],
  newFunctions: [],
  newVariables: [],
  changedInitializers: [],
  changedConstants: [],
  initialized: [],
  rewrittenInitializers: [],
  staticInitializers: [],
  otherInitializers: false,
  startFunctions: [],
  leftBehind: [],
  refusals: [],
};

function sources(folder: string): string[] {
  const files = readdirSync(join(LEVELDB, folder)).filter((file) => file.endsWith(".cc"));
  return files.filter((file) => !/test|bench|main|^c\.cc/.test(file)).map((file) => join(folder, file));
}

const CONFIGURATIONS = [
  { compiler: "g++", options: ["-O2", "-flive-patching=inline-clone", "-fno-semantic-interposition"], folder: "db" },
  { compiler: "g++", options: ["-O0"], folder: "table" },
  { compiler: "clang++", options: ["-O2"], folder: "util" },
  { compiler: "clang++", options: ["-O0"], folder: "table" },
];

const directory = mkdtempSync(join(tmpdir(), "hotreload-self-diff-"));
const test = suite("self diff");

for (const { compiler, options, folder } of CONFIGURATIONS) {
  const name = `${compiler} ${options[0]}, LevelDB's ${folder}`;
  const place = join(directory, `${compiler}${options[0]}-${folder}`);

  async function compile(source: string, text: string, output: string): Promise<string> {
    // The same path both times, as for an edit in place: __FILE__ does not differ.
    mkdirSync(join(place, "source"), { recursive: true });
    const copy = join(place, "source", basename(source));
    writeFileSync(copy, text);
    const object = join(place, `${basename(source)}.${output}.o`);
    await run(compiler, ["-std=c++11", ...FLAGS, "-I", join(LEVELDB, folder), ...options, "-c", copy, "-o", object]);
    return object;
  }

  async function compare(before: string, after: string): Promise<void> {
    const [old, now] = [await readObject(before), await readObject(after)];
    assert.ok(old.ok && now.ok);
    const found = await diff(old.value, now.value);
    assert.deepEqual(found.ok && found.value, NOTHING, `${before} against ${after}`);
    const shapes = await layouts(before, after);
    assert.deepEqual(shapes.ok && shapes.value, [], `${before} against ${after}`);
  }

  test(`${name}: an object against itself gives nothing, nor does a comment at the end of a line`, async () => {
    const files = sources(folder);
    assert.ok(files.length > 5);
    for (const source of files) {
      const text = readFileSync(join(LEVELDB, source), "utf8");
      const before = await compile(source, text, "before");
      // Lines keep their numbers: assert() and __LINE__ are code.
      const after = await compile(source, text.replace(/;$/gm, ";  // a comment"), "after");
      await compare(before, before);
      await compare(before, after);
    }
  });
}

test.after(() => rmSync(directory, { recursive: true }));
test.run();
