// npm run bench [-- --units 1,50,500] [--edits 15] [--json]: the speed of a reload, and what the agent costs.

import { parseArgs } from "node:util";
import { type CallCost, measureCalls } from "./call_cost.js";
import { measureReloads, type ReloadTimes, stages } from "./reload_times.js";
import { showSummary, showTable } from "./statistics.js";

const { values } = parseArgs({
  options: {
    units: { type: "string", default: "1,50,500" },
    edits: { type: "string", default: "15" },
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

const reloads: ReloadTimes[] = [];
for (const units of values.units.split(",").map(Number)) {
  progress(`${units} translation units ...`);
  reloads.push(await measureReloads(units, Number(values.edits)));
}
progress("calls ...");
const calls = await measureCalls([0, 1, 50]);

if (values.json) console.log(JSON.stringify({ reloads, calls }, null, 1));
else console.log(`Median (minimum-maximum).\n\n${showReloads(reloads)}\n\n${showCalls(calls)}`);
