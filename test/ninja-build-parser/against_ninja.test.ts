// What ninja itself says about the manifest that CMake wrote for a real project.
import assert from "node:assert/strict";
import { join } from "node:path";
import { type Edge, type Manifest, parseNinja } from "ninja-build-parser";
import { suite } from "uvu";
import { smallProject } from "../graph/small_project.js";
import type { ConfiguredProject } from "../projects/configured_project.js";

interface Compilation {
  readonly directory: string;
  readonly command: string;
  readonly file: string;
  readonly output: string;
}

const test = suite("against ninja");
let project: ConfiguredProject;
let manifest: Manifest;

test.before(async () => {
  project = await smallProject();
  manifest = parseNinja(join(project.buildDir, "build.ninja"));
});

function outputsOf(edge: Edge): string[] {
  return [...edge.outputs, ...edge.implicitOutputs];
}

test("ninja -t targets all lists the same outputs with the same rules in the same order", () => {
  const ours = manifest.edges.flatMap((edge) => outputsOf(edge).map((output) => `${output}: ${edge.rule}`));
  assert.deepEqual(ours, project.ninja("-t", "targets", "all").trimEnd().split("\n"));
});

test("ninja -t compdb has the same commands", () => {
  const theirs: Compilation[] = JSON.parse(project.ninja("-t", "compdb"));
  const ours = manifest.edges.flatMap((edge): Compilation[] => {
    const [file] = [...edge.inputs, ...edge.implicitInputs, ...edge.orderOnlyInputs];
    const [output] = edge.outputs;
    if (file === undefined || output === undefined) return [];
    return [{ directory: project.buildDir, command: edge.get("command"), file, output }];
  });
  assert.ok(ours.length > 20);
  assert.deepEqual(ours, theirs);
});

test("ninja -t commands prints the commands of a program, links and custom commands included", () => {
  const theirs = project.ninja("-t", "commands", "app").trimEnd().split("\n");
  const ours = closure("app").filter((edge) => !edge.isPhony);
  assert.deepEqual(ours.map((edge) => edge.get("command")).sort(), theirs.sort());
});

test("ninja -t inputs lists the same files for each target", () => {
  for (const target of ["app", "libversioned.so.1.2", "libplugin.so", "tool/tool", "all"]) {
    const theirs = project.ninja("-t", "inputs", target).trimEnd().split("\n");
    const paths = new Set(
      closure(target)
        .filter((edge) => !edge.isPhony)
        .flatMap((edge) => [...edge.inputs, ...edge.implicitInputs, ...edge.orderOnlyInputs]),
    );
    const quoted = [...paths].map((path) => (/[^\w+\-./]/.test(path) ? `'${path}'` : path));
    assert.deepEqual(quoted.sort(), theirs.sort(), target);
  }
});

/** The edges that ninja may have to run for a target. */
function closure(target: string): Edge[] {
  const edges = new Set<Edge>();
  const queue = [target];
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    const edge = manifest.producers.get(path);
    if (!edge || edges.has(edge)) continue;
    edges.add(edge);
    queue.push(...edge.inputs, ...edge.implicitInputs, ...edge.orderOnlyInputs);
  }
  return [...edges];
}

test.run();
