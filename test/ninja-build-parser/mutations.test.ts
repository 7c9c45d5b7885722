// Thousands of manifests with random faults: never any error but NinjaSyntaxError, and the verdict of ninja itself.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Manifest, NinjaSyntaxError, parseNinja } from "ninja-build-parser";
import { suite } from "uvu";
import { fuzz, type Random } from "../graph/random.js";
import { smallProject } from "../graph/small_project.js";
import { Space } from "../graph/space.js";

const test = suite("mutations");

const valid = `ninja_required_version = 1.5
x = one $two \${three}$
    four
pool p
  depth = 2
rule r
  command = c $FLAGS $in -o $out $x $DEP_FILE
  depfile = $out.d
  deps = gcc
  pool = p
build a$ b.o | c: r d.c e$:f | g.h || h |@ i
  x = $x$$
build CMakeFiles/a.dir/b.c.o | gen/b.h: r ./src/b.c | x.h .hidden/y.h || order
  FLAGS = -g -O2  -DX=1
  DEP_FILE = CMakeFiles/a.dir/b.c.o.d
  x = #
build lib.a: r CMakeFiles/a.dir/b.c.o z
  FLAGS = a
  FLAGS =
build i: phony || a$ b.o
subninja sub.ninja
default i ./c
`;
const sub = "rule q\n  command = d\nbuild z: q ../y\n";
const pieces = [
  "$",
  "\n",
  " ",
  "  ",
  "\t",
  "\r\n",
  "\r",
  ":",
  "|",
  "||",
  "|@",
  "=",
  "#",
  "${",
  "}",
  "build ",
  "rule ",
  "../",
  "x",
  "é",
  "\0",
];

function mutate(text: string, random: Random): string {
  const from = random.below(text.length);
  const to = Math.min(text.length, from + random.below(12));
  switch (random.below(4)) {
    case 0:
      return text.slice(0, from) + text.slice(to);
    case 1:
      return text.slice(0, from) + random.pick(pieces) + text.slice(from);
    case 2:
      return text.slice(0, from) + random.pick(pieces) + text.slice(to);
    default: {
      const at = random.below(text.length);
      return text.slice(0, at) + text.slice(from, to) + text.slice(at);
    }
  }
}

/** Parses, and evaluates everything; any exception but NinjaSyntaxError goes through. */
function outcome(text: string): Manifest | NinjaSyntaxError {
  try {
    const manifest = parseNinja("/build/build.ninja", (path) => {
      if (path === "/build/build.ninja") return text;
      if (path === "/build/sub.ninja") return sub;
      throw new Error("No such file or directory");
    });
    for (const edge of manifest.edges) for (const name of ["command", "depfile", "rspfile", "x"]) edge.get(name);
    return manifest;
  } catch (error) {
    if (error instanceof NinjaSyntaxError) return error;
    throw error;
  }
}

test("whatever is wrong with a manifest, it is a NinjaSyntaxError with a place in the file", () => {
  assert.ok(!(outcome(valid) instanceof NinjaSyntaxError));
  let rejected = 0;
  fuzz(10_000, 4000, (random) => {
    let text = valid;
    for (let count = random.below(5); count >= 0; count--) text = mutate(text, random);
    const result = outcome(text);
    if (!(result instanceof NinjaSyntaxError)) return;
    rejected++;
    assert.ok(result.line >= 1 && result.line <= text.split("\n").length, text);
    assert.ok(result.column >= 1);
    assert.match(result.excerpt, /\^ near here$/);
  });
  if (process.env.HOTRELOAD_FUZZ_ROUNDS === undefined) assert.ok(rejected > 1000 && rejected < 4000, `${rejected}`);
});

test("so it is with the manifest that CMake wrote", async () => {
  const { buildDir } = await smallProject();
  const text = readFileSync(join(buildDir, "build.ninja"), "utf8");
  fuzz(20_000, 100, (random) => {
    outcome(mutate(text, random));
  });
});

test("ninja accepts and rejects the same manifests, for the same reason in the same line, and runs the same", () => {
  const space = new Space({ "sub.ninja": sub });
  const ask = (tool: readonly string[]) => spawnSync("ninja", ["-t", ...tool], { cwd: space.path, encoding: "utf8" });
  fuzz(30_000, 600, (random) => {
    const text = mutate(mutate(valid, random), random);
    const result = outcome(text);
    // ninja before 1.13 takes a depth that is no number for 0.
    if (result instanceof NinjaSyntaxError && result.message === "invalid pool depth") return;
    space.write("build.ninja", text);
    const ninja = ask(["targets", "all"]);
    if (ninja.stderr.includes("incompatible with build file")) return; // a required version that is too new
    const [said] = ninja.stderr.split("\n").filter((line) => line.startsWith("ninja: error:"));
    const theirs = said?.replace(" [-w dupbuild=err]", "");
    if (result instanceof NinjaSyntaxError) {
      const file = result.file.replace("/build/", "");
      assert.equal(theirs, `ninja: error: ${file}:${result.line}: ${result.message}`, text);
      return;
    }
    // ninja 1.11 makes "" of the path "/".
    if (result.edges.some(({ outputs, inputs }) => [...outputs, ...inputs].includes("/"))) return;
    assert.equal(theirs, undefined, text);
    const outputs = result.edges.flatMap((edge) =>
      [...edge.outputs, ...edge.implicitOutputs].map((output) => `${output}: ${edge.rule}\n`),
    );
    assert.equal(outputs.join(""), ninja.stdout, text);
    const commands = result.edges.flatMap((edge) => {
      const inputs = [...edge.inputs, ...edge.implicitInputs, ...edge.orderOnlyInputs];
      return inputs.length > 0 ? [edge.get("command")] : [];
    });
    const compilations: { readonly command: string }[] = JSON.parse(ask(["compdb"]).stdout);
    assert.deepEqual(
      commands,
      compilations.map(({ command }) => command),
      text,
    );
  });
});

test.run();
