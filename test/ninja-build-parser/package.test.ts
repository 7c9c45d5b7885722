// The package as npm would publish it: packed, installed into an empty directory, and used from there.
import assert from "node:assert/strict";
import { type SpawnSyncReturns, spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import { packageRoot } from "../../plugin/package_root.js";
import { smallProject } from "../graph/small_project.js";
import { Space } from "../graph/space.js";

const test = suite("package ninja-build-parser");
const space = new Space({ "package.json": '{ "private": true, "type": "module" }' });
const installed = join(space.path, "node_modules/ninja-build-parser");
const command = join(space.path, "node_modules/.bin/ninja-build-parser");

const manifest = `pool links
  depth = 2
rule link
  command = ld -o $out $in $flags
  description = LINK $out
build $dir/app | app.map: link a.o | libc.a || headers |@ check
  pool = links
  flags = -g
build check: phony
default check
`;

test.before(() => {
  const source = join(packageRoot(), "plugin/ninja-build-parser");
  const packed = spawnSync("npm", ["pack", "--ignore-scripts", "--pack-destination", space.path], { cwd: source });
  assert.equal(packed.status, 0, String(packed.stderr));
  const archive = readdirSync(space.path).find((name) => name.endsWith(".tgz"));
  space.run("", "npm", "install", "--offline", "--no-audit", "--no-fund", `./${archive}`);
  space.write("build.ninja", `dir = bin\n${manifest}`);
});

function run(...parameters: string[]): SpawnSyncReturns<string> {
  return spawnSync(command, parameters, { cwd: space.path, encoding: "utf8" });
}

test("it has its licence, its documentation, its code and its types, and nothing else", () => {
  const files = readdirSync(installed, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const names = files.map((entry) => join(entry.parentPath, entry.name).slice(installed.length + 1));
  const code = names.filter((name) => /^dist\/\w+\.js$/.test(name)).map((name) => name.slice(0, -".js".length));
  assert.ok(code.includes("dist/index") && code.includes("dist/cli"));
  const expected = ["LICENSE", "README.md", "package.json", ...code.flatMap((name) => [`${name}.js`, `${name}.d.ts`])];
  assert.deepEqual(names.sort(), expected.sort());
});

test("the command prints a manifest in the documented shape", () => {
  const file = join(space.path, "build.ninja");
  const files = { implicitOutputs: [], inputs: [], implicitInputs: [], orderOnlyInputs: [], validations: [] };
  const { status, stdout, stderr } = run();
  assert.equal(stderr, "");
  assert.equal(status, 0);
  assert.deepEqual(JSON.parse(stdout), {
    files: [file],
    variables: { dir: "bin" },
    pools: { console: 1, links: 2 },
    defaults: ["check"],
    edges: [
      {
        rule: "link",
        file,
        line: 7,
        outputs: ["bin/app"],
        implicitOutputs: ["app.map"],
        inputs: ["a.o"],
        implicitInputs: ["libc.a"],
        orderOnlyInputs: ["headers"],
        validations: ["check"],
        bindings: { command: "ld -o bin/app a.o -g", description: "LINK bin/app", pool: "links" },
      },
      { rule: "phony", file, line: 10, outputs: ["check"], ...files, bindings: {} },
    ],
  });
});

test("the manifest of a real project is printed whole into a pipe, and a reader may stop early", async () => {
  const { buildDir, ninja } = await smallProject();
  const { edges } = JSON.parse(run(join(buildDir, "build.ninja")).stdout);
  const outputs = edges.map(({ outputs, implicitOutputs }: Record<string, string[]>) => [outputs, implicitOutputs]);
  assert.equal(outputs.flat(2).length, ninja("-t", "targets", "all").trimEnd().split("\n").length);
  const shell = spawnSync("sh", ["-c", '"$0" "$1" | head -c 1', command, join(buildDir, "build.ninja")], {
    encoding: "utf8",
  });
  assert.deepEqual([shell.stdout, shell.stderr], ["{", ""]);
});

test("what ninja would not accept is shown with its place and a caret, and ends in 1", () => {
  space.write("wrong.ninja", "rule r\n  command = $(c)\n");
  const { status, stdout, stderr } = run("wrong.ninja");
  assert.equal(status, 1);
  assert.equal(stdout, "");
  const file = join(space.path, "wrong.ninja");
  const message = "bad $-escape (literal $ must be written as $$)";
  assert.equal(stderr, `${file}:2:13: ${message}\n  command = $(c)\n            ^ near here\n`);

  space.write("circle.ninja", "rule r\n  command = $description\n  description = $command\nbuild a: r\n");
  assert.match(run("circle.ninja").stderr, /:4:1: cycle in rule variables: command -> description -> command\n/);
  assert.match(run("missing.ninja").stderr, /missing\.ninja:1:1: loading .*: ENOENT/);
});

test("--help, --version and wrong usage", () => {
  assert.match(run("--help").stdout, /^usage: ninja-build-parser \[--help\] \[--version\] \[file\]\n/);
  assert.match(run("--version").stdout, /^\d+\.\d+\.\d+\n$/);
  for (const wrong of [["--wrong"], ["a", "b"]]) {
    const { status, stdout, stderr } = run(...wrong);
    assert.equal(status, 2);
    assert.equal(stdout, "");
    assert.match(stderr, /usage: ninja-build-parser/);
  }
});

test("it is imported by its name, with types that stand alone", () => {
  space.write(
    "use.ts",
    `import { type Edge, type Manifest, manifestToJson, NinjaSyntaxError, parseNinja } from "ninja-build-parser";
const manifest: Manifest = parseNinja("build.ninja");
const edge: Edge | undefined = manifest.producers.get("bin/app");
const line: number | undefined = edge?.line;
try {
  parseNinja("none", () => "x");
} catch (error) {
  if (!(error instanceof NinjaSyntaxError)) throw error;
  const code: "E_NINJA_SYNTAX" = error.code;
  const pools: number | undefined = manifestToJson(manifest).pools.links;
  console.log(line, code, error.column, pools);
}
`,
  );
  const tsc = join(packageRoot(), "node_modules/typescript/bin/tsc");
  const nodeTypes = join(packageRoot(), "node_modules/@types");
  const options = [
    "--strict",
    "--module",
    "nodenext",
    "--target",
    "es2023",
    "--typeRoots",
    nodeTypes,
    "--types",
    "node",
  ];
  space.run("", process.execPath, tsc, ...options, "use.ts");
  assert.equal(space.run("", process.execPath, "use.js"), "7 E_NINJA_SYNTAX 2 2\n");
});

test.run();
