// The dependency log, as ninja wrote it, torn, and with faults.
import assert from "node:assert/strict";
import { cpSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import { type NinjaDeps, parseNinjaDeps, readNinjaDeps } from "../../plugin/graph/ninja_deps.js";
import type { ConfiguredProject } from "../projects/configured_project.js";
import { fuzz } from "./random.js";
import { smallProject } from "./small_project.js";
import { Space } from "./space.js";

const test = suite("dependency log");
let project: ConfiguredProject;
let log: Buffer;

test.before(async () => {
  project = await smallProject();
  log = readFileSync(join(project.buildDir, ".ninja_deps"));
});

/** Output -> inputs. */
type Listing = Record<string, string[]>;

function listing(deps: NinjaDeps): Listing {
  const name = (id: number) => deps.paths[id] ?? "?";
  return Object.fromEntries(deps.outputs.map((id) => [name(id), Array.from(deps.inputsOf(id) ?? [], name)]));
}

/** What `ninja -t deps` printed. */
function parseListing(text: string): Listing {
  const found: Listing = {};
  for (const block of text.trim().split("\n\n")) {
    const [head, ...inputs] = block.split("\n");
    if (head?.endsWith(": deps not found")) continue;
    const output = head?.replace(/: #deps .*/, "");
    if (output) found[output] = inputs.map((input) => input.trim());
  }
  return found;
}

function parse(bytes: Buffer): NinjaDeps {
  const result = parseNinjaDeps(bytes, ".ninja_deps");
  assert.ok(result.ok, result.ok ? "" : result.problem.message);
  return result.value;
}

function fault(bytes: Buffer): string {
  const result = parseNinjaDeps(bytes, ".ninja_deps");
  assert.ok(!result.ok);
  assert.equal(result.problem.code, "E_NINJA_LOG");
  assert.equal(result.problem.file, ".ninja_deps");
  return result.problem.message;
}

/** Offsets at which records start, and the end of the file. */
function recordOffsets(bytes: Buffer): number[] {
  const offsets = [16];
  for (let at = 16; at < bytes.length; offsets.push(at)) at += 4 + (bytes.readUInt32LE(at) & 0x7fffffff);
  return offsets;
}

function words(...values: number[]): Buffer {
  return Buffer.from(Uint32Array.from(values, (value) => value >>> 0).buffer);
}

const header = Buffer.concat([Buffer.from("# ninjadeps\n"), words(4)]);
const dependencies = 0x80000000;
const pathA = Buffer.concat([words(8), Buffer.from("a\0\0\0"), words(~0)]);
const pathB = Buffer.concat([words(8), Buffer.from("b.h\0"), words(~1)]);

test("ninja -t deps lists the same inputs in the same order", () => {
  const deps = parse(log);
  const theirs = parseListing(project.ninja("-t", "deps"));
  assert.ok(Object.keys(theirs).length > 8);
  assert.deepEqual(listing(deps), theirs);
  assert.equal(deps.note, undefined);
});

test("the time of modification is that of ninja, to the nanosecond", () => {
  const deps = parse(log);
  const [, object, time] = /^(\S+): #deps \d+, deps mtime (\d+)/m.exec(project.ninja("-t", "deps")) ?? [];
  assert.equal(deps.mtimeOf(deps.paths.indexOf(object ?? "")), BigInt(time ?? 0));
});

test("a log that is not there, or empty, has no records", async () => {
  const result = await readNinjaDeps("/nowhere/.ninja_deps");
  assert.ok(result.ok);
  assert.deepEqual(result.value.outputs, []);
  assert.deepEqual(parse(Buffer.alloc(0)).paths, []);
});

test("torn at any byte of its last records, the log keeps the whole ones and says where it is torn", () => {
  const offsets = recordOffsets(log);
  const first = offsets.at(-5) ?? 16;
  let whole: Listing = {};
  let start = first;
  for (let end = first; end < log.length; end++) {
    const deps = parse(log.subarray(0, end));
    if (offsets.includes(end)) {
      whole = listing(deps);
      start = end;
      assert.equal(deps.note, undefined);
    } else {
      assert.deepEqual(listing(deps), whole);
      assert.match(deps.note ?? "", new RegExp(`torn at byte ${start} of ${end};`));
    }
  }
});

test("ninja keeps the same records of a torn log", () => {
  const space = new Space();
  cpSync(project.buildDir, space.path, { recursive: true });
  const offsets = recordOffsets(log);
  for (const cut of [offsets.at(-2), offsets.at(-3), offsets.at(-20)]) {
    const torn = log.subarray(0, (cut ?? 16) + 3);
    space.write(".ninja_deps", torn);
    assert.deepEqual(listing(parse(torn)), parseListing(space.run("", "ninja", "-t", "deps")));
  }
});

test("a tail of zeros, as a crash of the machine leaves it, is a torn tail", () => {
  const deps = parse(Buffer.concat([log, Buffer.alloc(4096 - 1)]));
  assert.deepEqual(listing(deps), listing(parse(log)));
  assert.match(deps.note ?? "", new RegExp(`torn at byte ${log.length} of`));
});

test("a later record of an output replaces the earlier one", () => {
  const first = words(dependencies | 16, 0, 1, 0, 1);
  const second = words(dependencies | 12, 0, 0xfffffffe, 1);
  const deps = parse(Buffer.concat([header, pathA, pathB, first, second]));
  assert.deepEqual(listing(deps), { a: [] });
  assert.equal(deps.mtimeOf(0), 0x1fffffffen);
});

test("bytes that do not lie on a word boundary are read as well", () => {
  const shifted = Buffer.concat([Buffer.from([0]), log]).subarray(1);
  assert.deepEqual(listing(parse(shifted)), listing(parse(log)));
});

test("what is no log of this version is named with its byte", () => {
  assert.match(fault(Buffer.from("# ninjalog v5\n....")), /^byte 0: /);
  assert.match(fault(Buffer.from("# nin")), /^byte 0: /);
  assert.match(fault(Buffer.concat([Buffer.from("# ninjadeps\n"), words(3)])), /^byte 12: version 4 .* found 3/);
  assert.match(fault(Buffer.from("# ninjadeps\n")), /^byte 12: version 4 .* found none/);
});

test("a record that cannot be is named with its byte", () => {
  const after = `byte ${header.length + pathA.length}`;
  const cases: readonly (readonly [Buffer, string])[] = [
    [words(dependencies | 12, 7, 0, 0), `${after}: dependencies of the unknown id 7`],
    [words(dependencies | 16, 0, 0, 0, 7), `${after}: a dependency on the unknown id 7`],
    [words(dependencies | 16, 0, 0, 0, -1), `${after}: a dependency on the unknown id -1`],
    [words(dependencies | 8, 0, 0), `${after}: dependencies without an output`],
    [words(dependencies | 13, 0, 0, 0, 0), `${after}: a record of 13 bytes, no multiple of four`],
    [words(0x7ffffff0), `${after}: a record of 2147483632 bytes is longer than any of ninja's`],
    [words(4, ~1), `${after}: a path without a name`],
    [Buffer.concat([words(8), Buffer.from("b\0\0\0"), words(~2)]), `${after}: a path with the id 2 where 1 is due`],
    [Buffer.concat([words(8), Buffer.from("a\0\0\0"), words(~1)]), `${after}: the path a for the second time`],
  ];
  for (const [record, message] of cases) {
    assert.equal(fault(Buffer.concat([header, pathA, record])).split(";")[0], message);
  }
});

test("no random fault makes the reader throw", () => {
  fuzz(4_000, 2000, (random) => {
    const bytes = Buffer.from(log);
    for (let count = random.below(4); count >= 0; count--) bytes[random.below(bytes.length)] = random.below(256);
    const result = parseNinjaDeps(bytes.subarray(0, random.below(bytes.length + 1)), ".ninja_deps");
    if (result.ok) listing(result.value);
    else assert.equal(result.problem.code, "E_NINJA_LOG");
  });
});

test.run();
