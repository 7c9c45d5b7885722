// npm run bench [-- --only reloads,calls,graph,starts] [--units 1,50,500] [--edits 15] [--objects 500,5000] [--json]
//
// The speed of a reload, what a reloaded function and the start of a program cost, and the build graph beside ninja.

import { parseArgs } from "node:util";
import { type CallCost, measureCalls } from "./call_cost.js";
import { type GraphTimes, measureGraph, showGraph } from "./graph_times.js";
import { measureReloads, type ReloadTimes, stages } from "./reload_times.js";
import { measureStarts, type StartTimes } from "./start_times.js";
import { showSummary, showTable } from "./statistics.js";

const { values } = parseArgs({
  options: {
    units: { type: "string", default: "1,50,500" },
    edits: { type: "string", default: "15" },
    objects: { type: "string", default: "500,5000" },
    only: { type: "string", default: "reloads,calls,graph,starts" },
    json: { type: "boolean", default: false },
  },
});

function progress(text: string): void {
  if (!values.json) console.error(text);
}

function showReloads(all: readonly ReloadTimes[]): string {
  const mib = (kib: number) => (kib / 1024).toFixed(1);
  const rows: [string, (times: ReloadTimes) => string][] = [
    ["translation units", ({ units }) => String(units)],
    ["edits", ({ edits }) => String(edits)],
    ["bare compile, ms", ({ bareCompile }) => showSummary(bareCompile)],
    ["save to new behaviour, ms", ({ saveToBehaviour }) => showSummary(saveToBehaviour)],
    ["ratio of the medians", ({ ratio }) => ratio.toFixed(2)],
    ["difference of the medians, ms", ({ difference }) => difference.toFixed(0)],
    ...stages.map((stage): [string, (times: ReloadTimes) => string] => {
      return [`  ${stage}, ms`, (times) => showSummary(times.stages[stage], 1)];
    }),
    ["first build, s", ({ buildMs }) => (buildMs / 1000).toFixed(1)],
    ["ready in the program, ms", ({ readyMs }) => readyMs.toFixed(1)],
    ["memory without us, MiB", ({ residentKib }) => mib(residentKib.plain)],
    ["memory added by the agent, MiB", ({ residentKib }) => mib(residentKib.withAgent - residentKib.plain)],
    ["memory added by the edits, MiB", ({ residentKib }) => mib(residentKib.afterEdits - residentKib.withAgent)],
  ];
  return showTable(rows.map(([title, cell]) => [title, ...all.map(cell)]));
}

function showCalls(costs: readonly CallCost[]): string {
  return showTable([
    ["reloads of the function", ...costs.map(({ reloads }) => String(reloads))],
    ["a call, ns", ...costs.map(({ ns }) => ns.toFixed(2))],
  ]);
}

function showStarts({ plain, prepared }: StartTimes): string {
  return showTable([
    ["start to end of an empty program, us", "without us", "with the agent"],
    ["", showSummary(plain), showSummary(prepared)],
    ["added, of the medians", "", (prepared.median - plain.median).toFixed(0)],
  ]);
}

const sections = new Set(values.only.split(","));
const numbers = (list: string): number[] => list.split(",").map(Number);

const reloads: ReloadTimes[] = [];
for (const units of sections.has("reloads") ? numbers(values.units) : []) {
  progress(`${units} translation units ...`);
  reloads.push(await measureReloads(units, Number(values.edits)));
}
const calls: CallCost[] = [];
if (sections.has("calls")) {
  progress("calls ...");
  calls.push(...(await measureCalls([0, 1, 50])));
}
let starts: StartTimes | undefined;
if (sections.has("starts")) {
  progress("starts ...");
  starts = await measureStarts(1000);
}
const graphs: GraphTimes[] = [];
for (const objects of sections.has("graph") ? numbers(values.objects) : []) {
  progress(`graph of ${objects} objects ...`);
  graphs.push(await measureGraph(objects));
}

if (values.json) {
  console.log(JSON.stringify({ reloads, calls, starts, graphs }, null, 1));
} else {
  console.log("Median (minimum-maximum).");
  if (reloads.length > 0) console.log(`\n${showReloads(reloads)}`);
  if (calls.length > 0) console.log(`\n${showCalls(calls)}`);
  if (starts !== undefined) console.log(`\n${showStarts(starts)}`);
  if (graphs.length > 0) console.log(`\n${showGraph(graphs)}`);
}
