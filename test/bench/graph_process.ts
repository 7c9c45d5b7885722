// Loads a graph in a process that has done nothing else, asks it about headers, and prints what that took, as JSON.
//
//   node graph_process.js load BUILD_DIRECTORY HEADER...
//   node graph_process.js parse BUILD_DIRECTORY

import { join } from "node:path";
import { parseNinja } from "ninja-build-parser";
import { loadGraph } from "../../plugin/graph/load.js";

export interface Loaded {
  readonly loadMs: number;
  /** Of the whole process, Node's own 45 MiB included: the most it ever was, and after the load. */
  readonly peakKib: number;
  /** From each header, in the order given, to the list of objects. */
  readonly listMs: readonly number[];
  /** How many objects the first header concerns. */
  readonly objects: number;
}

async function load(buildDir: string, headers: readonly string[]): Promise<Loaded> {
  const start = performance.now();
  const graph = await loadGraph(buildDir);
  const loadMs = performance.now() - start;
  if (!graph.ok) throw new Error(JSON.stringify(graph.problem));
  const peakKib = process.resourceUsage().maxRSS;
  let objects: number | undefined;
  const listMs = headers.map((header) => {
    const from = performance.now();
    const found = graph.value.affectedObjects([header]);
    const ms = performance.now() - from;
    objects ??= found.length;
    return ms;
  });
  return { loadMs, peakKib, listMs, objects: objects ?? 0 };
}

function parse(buildDir: string): number {
  const start = performance.now();
  parseNinja(join(buildDir, "build.ninja"));
  return performance.now() - start;
}

const [what, buildDir = "", ...headers] = process.argv.slice(2);
console.log(JSON.stringify(what === "load" ? await load(buildDir, headers) : parse(buildDir)));
