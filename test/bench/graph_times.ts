// The build graph beside ninja itself, in one run: how long the manifest, the whole graph, the way from a header to the list
// of objects and a batch with nothing to do take, and how much memory.

import { spawnSync } from "node:child_process";
import { chmodSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseNinja } from "ninja-build-parser";
import { Ninja } from "../../plugin/build.js";
import { loadGraph } from "../../plugin/graph/load.js";
import { type ConfiguredProject, configureProject } from "../projects/configured_project.js";
import type { Loaded } from "./graph_process.js";
import { HEADER, manyObjects } from "./many_objects.js";
import { type Summary, showSummary, showTable, summarize } from "./statistics.js";

/** Milliseconds, unless the name says otherwise; ninja's own beside ours. */
export interface GraphTimes {
  readonly objects: number;
  readonly manifestKib: number;
  /** The first manifest of a process, before anything is compiled for speed, and one of many. */
  readonly parseFirst: Summary;
  readonly parse: Summary;
  readonly ninjaTargets: Summary;
  readonly load: Summary;
  /** `ninja -n` with nothing to do: ninja loads the same files, and looks at the time of each. */
  readonly ninjaDryRun: Summary;
  /** Of the whole process, Node's own 45 MiB included. */
  readonly peakKib: number;
  readonly listed: number;
  /** The first question of a process, and all of them. */
  readonly listFirst: Summary;
  readonly list: Summary;
  /** `ninja -n` after a touch of the header. */
  readonly ninjaAfterTouch: Summary;
  /** The objects of the header, all up to date, handed to ninja by us and by hand. */
  readonly nullBatch: Summary;
  readonly ninjaNullBatch: Summary;
}

const ROUNDS = 9;
const measuring = fileURLToPath(new URL("graph_process.js", import.meta.url));

/** Ours and ninja's take turns, so that whatever else the machine does meets both alike. */
export async function measureGraph(objects: number): Promise<GraphTimes> {
  const project = await builtProject(objects);
  const { buildDir, sourceDir } = project;
  const manifest = join(buildDir, "build.ninja");
  const headers = Array.from({ length: 50 }, (_, number) => join(sourceDir, `headers/header_${number * 7 + 7}.h`));
  const graph = await loadGraph(buildDir);
  if (!graph.ok) throw new Error(JSON.stringify(graph.problem));
  const listed = graph.value.affectedObjects([join(sourceDir, HEADER)]);
  const runner = new Ninja(buildDir, "ninja");
  const ninja = (...parameters: string[]) => run("ninja", ["-C", buildDir, ...parameters]);

  const loads: Loaded[] = [];
  const parseFirst: number[] = [];
  const parse: number[] = [];
  const ninjaTargets: number[] = [];
  const ninjaDryRun: number[] = [];
  const ninjaAfterTouch: number[] = [];
  const nullBatch: number[] = [];
  const ninjaNullBatch: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    ninjaTargets.push(ninja("-t", "targets", "all"));
    parseFirst.push(JSON.parse(output("parse", buildDir)));
    parse.push(timeOf(() => parseNinja(manifest)));
    ninjaDryRun.push(ninja("-n"));
    loads.push(JSON.parse(output("load", buildDir, ...headers)));
    ninjaAfterTouch.push(touched(join(sourceDir, HEADER), () => ninja("-n")));
    ninjaNullBatch.push(ninja(...listed));
    const batch = await runner.buildObjects(listed);
    if (!batch.ok || batch.built > 0) throw new Error(`not a null batch: ${JSON.stringify(batch)}`);
    nullBatch.push(batch.ms);
  }
  return {
    objects,
    manifestKib: statSync(manifest).size / 1024,
    parseFirst: summarize(parseFirst),
    parse: summarize(parse),
    ninjaTargets: summarize(ninjaTargets),
    load: summarize(loads.map(({ loadMs }) => loadMs)),
    ninjaDryRun: summarize(ninjaDryRun),
    peakKib: Math.max(...loads.map(({ peakKib }) => peakKib)),
    listed: listed.length,
    listFirst: summarize(loads.map(({ listMs }) => listMs[0] ?? Number.NaN)),
    list: summarize(loads.flatMap(({ listMs }) => listMs)),
    ninjaAfterTouch: summarize(ninjaAfterTouch),
    nullBatch: summarize(nullBatch),
    ninjaNullBatch: summarize(ninjaNullBatch),
  };
}

/** The compiler stops behind the preprocessor, which is what finds the headers: nothing looks into an object here. */
async function builtProject(objects: number): Promise<ConfiguredProject> {
  const launcher = (sources: string) => join(sources, "preprocess.sh");
  const project = await configureProject(manyObjects(objects - 1), {
    define: { CMAKE_C_COMPILER_LAUNCHER: launcher },
    prepare: (sources) => {
      writeFileSync(launcher(sources), '#!/bin/sh\nexec "$@" -E -dM\n');
      chmodSync(launcher(sources), 0o755);
    },
  });
  const targets = project.ninja("-t", "targets", "all").split("\n");
  const built = targets.flatMap((line) => /^(.*\.o): /.exec(line)?.[1] ?? []);
  if (built.length !== objects) throw new Error(`${built.length} objects instead of ${objects}`);
  project.ninja(...built);
  return project;
}

function timeOf(work: () => void): number {
  const start = performance.now();
  work();
  return performance.now() - start;
}

/** Milliseconds from the start of a process to its end; its output is thrown away, not read. */
function run(program: string, parameters: readonly string[]): number {
  const start = performance.now();
  const { status } = spawnSync(program, parameters, { stdio: "ignore" });
  const ms = performance.now() - start;
  if (status !== 0) throw new Error(`${program} ${parameters.slice(0, 4).join(" ")} ended with ${status}`);
  return ms;
}

function output(...parameters: string[]): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, [measuring, ...parameters], { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

function touched(file: string, work: () => number): number {
  const { atime, mtime } = statSync(file);
  const later = new Date(Date.now() + 60_000);
  utimesSync(file, later, later);
  try {
    return work();
  } finally {
    utimesSync(file, atime, mtime);
  }
}

export function showGraph(all: readonly GraphTimes[]): string {
  const rows: [string, (times: GraphTimes) => string][] = [
    ["objects", ({ objects }) => String(objects)],
    ["build.ninja, KiB", ({ manifestKib }) => manifestKib.toFixed(0)],
    ["parse, the first of a process, ms", ({ parseFirst }) => showSummary(parseFirst, 1)],
    ["parse, one of many, ms", ({ parse }) => showSummary(parse, 1)],
    ["  ninja -t targets all, ms", ({ ninjaTargets }) => showSummary(ninjaTargets, 1)],
    ["load of the graph in a new process, ms", ({ load }) => showSummary(load)],
    ["  ninja -n, nothing to do, ms", ({ ninjaDryRun }) => showSummary(ninjaDryRun)],
    ["memory of that process at most, MiB", ({ peakKib }) => (peakKib / 1024).toFixed(0)],
    ["objects of a header", ({ listed }) => String(listed)],
    ["header to objects, the first of a process, ms", ({ listFirst }) => showSummary(listFirst, 2)],
    ["header to objects, ms", ({ list }) => showSummary(list, 2)],
    ["  ninja -n after its touch, ms", ({ ninjaAfterTouch }) => showSummary(ninjaAfterTouch)],
    ["null batch of these objects, ms", ({ nullBatch }) => showSummary(nullBatch)],
    ["  ninja with these objects, ms", ({ ninjaNullBatch }) => showSummary(ninjaNullBatch)],
  ];
  return showTable(rows.map(([title, cell]) => [title, ...all.map(cell)]));
}
