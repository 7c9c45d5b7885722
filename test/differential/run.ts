// Edits programs at random while they run, and compares each with a fresh one: the edits, what became of them, and why.
//
//   node dist/test/differential/run.js [--project NAME] [--seeds N] [--from K] [--edits N] [--levels=-O0,-O2]
//                                     [--directory PATH] [--keep FILE]
//
// A seed is one process that is edited --edits times; it can be repeated by `--project NAME --from SEED --seeds 1` (and the
// same --levels, which are taken in turn).

import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { projects } from "./projects.js";
import { runProject } from "./run_project.js";
import type { Edit } from "./session.js";
import { summary } from "./summary.js";

const { values } = parseArgs({
  options: {
    project: { type: "string", default: "zoo" },
    seeds: { type: "string", default: "4" },
    from: { type: "string", default: "1" },
    edits: { type: "string", default: "40" },
    levels: { type: "string", default: "-O0,-O2" },
    directory: { type: "string", default: path.join(os.tmpdir(), "hotreload-differential") },
    /** One JSON object a line is added for each edit. */
    keep: { type: "string" },
  },
});

const edits: Edit[] = [];
const names = values.project === "all" ? Object.keys(projects) : values.project.split(",");
for (const name of names) {
  const run = {
    name,
    from: Number(values.from),
    seeds: Number(values.seeds),
    edits: Number(values.edits),
    levels: values.levels.split(","),
    directory: values.directory,
  };
  for await (const edit of runProject(run)) {
    edits.push(edit);
    if (values.keep !== undefined) fs.appendFileSync(values.keep, `${JSON.stringify(edit)}\n`);
    if (/^(wrong|crash|error)$/.test(edit.outcome))
      console.log(`${edit.outcome}: ${JSON.stringify(edit)}`.replaceAll("\\n", "\n"));
    else if (process.stdout.isTTY)
      console.log(
        `${name} ${edit.seed}.${edit.number} ${edit.kind}: ${edit.outcome} ${edit.codes.join(" ")} ${edit.ms.toFixed(0)} ms`,
      );
  }
}
console.log(summary(edits));
process.exitCode = edits.some(({ outcome }) => /^(wrong|crash|error)$/.test(outcome)) ? 1 : 0;
