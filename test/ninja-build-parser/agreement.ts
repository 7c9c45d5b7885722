// What ninja's own tools say about a build directory, against what the parser read there.
import assert from "node:assert/strict";
import { join } from "node:path";
import { type Edge, type Manifest, parseNinja } from "ninja-build-parser";
import type { ConfiguredProject } from "../projects/configured_project.js";

export class Agreement {
  readonly manifest: Manifest;
  private readonly project: ConfiguredProject;

  constructor(project: ConfiguredProject) {
    this.project = project;
    this.manifest = parseNinja(join(project.buildDir, "build.ninja"));
  }

  /** `-t targets all`: the outputs with their rules, in order. */
  onTargets(): void {
    const ours = this.manifest.edges.flatMap((edge) => outputsOf(edge).map((output) => `${output}: ${edge.rule}`));
    assert.deepEqual(ours, this.linesOf("-t", "targets", "all"));
  }

  /** `-t targets depth 1`: what nothing else is made from. */
  onRoots(): void {
    const { edges } = this.manifest;
    const used = new Set(edges.flatMap(inputsOf));
    const roots = edges.flatMap((edge) => outputsOf(edge).filter((output) => !used.has(output)));
    const theirs = this.linesOf("-t", "targets", "depth", "1").map((line) => line.replace(/: \S+$/, ""));
    assert.deepEqual(roots, theirs);
  }

  /** `-t compdb`: each command with its directory, its first input and its first output. */
  onCommands(): void {
    const theirs: unknown = JSON.parse(this.project.ninja("-t", "compdb"));
    const ours = this.manifest.edges.flatMap((edge) => {
      const [file] = inputsOf(edge);
      const [output] = outputsOf(edge);
      if (file === undefined) return [];
      return [{ directory: this.project.buildDir, command: edge.get("command"), file, output }];
    });
    assert.ok(ours.length > 0);
    assert.deepEqual(ours, theirs);
  }

  /** `-t commands`: what would be run for a target, links and custom commands included. */
  onCommandsOf(target: string): void {
    const ours = this.closure(target).filter((edge) => !edge.isPhony);
    const commands = ours.map((edge) => edge.get("command"));
    assert.deepEqual(commands.sort(), this.linesOf("-t", "commands", target).sort(), target);
  }

  /** `-t inputs`: the files that a target is made from, directly or not. */
  onInputsOf(target: string): void {
    const edges = this.closure(target).filter((edge) => !edge.isPhony);
    const paths = new Set(edges.flatMap(inputsOf));
    const quoted = [...paths].map((path) => (/[^\w+\-./]/.test(path) ? `'${path}'` : path));
    assert.deepEqual(quoted.sort(), this.linesOf("-t", "inputs", target).sort(), target);
  }

  private linesOf(...parameters: string[]): string[] {
    const text = this.project.ninja(...parameters);
    return text === "" ? [] : text.replace(/\n$/, "").split("\n");
  }

  /** The edges that ninja may have to run for a target. */
  private closure(target: string): Edge[] {
    const edges = new Set<Edge>();
    const queue = [target];
    for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
      const edge = this.manifest.producers.get(path);
      if (!edge || edges.has(edge)) continue;
      edges.add(edge);
      queue.push(...inputsOf(edge));
    }
    return [...edges];
  }
}

function outputsOf(edge: Edge): string[] {
  return [...edge.outputs, ...edge.implicitOutputs];
}

function inputsOf(edge: Edge): string[] {
  return [...edge.inputs, ...edge.implicitInputs, ...edge.orderOnlyInputs];
}
