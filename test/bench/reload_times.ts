// How long it takes from the save of a file to the new behaviour of the program, against the bare compile of that file.

import path from "node:path";
import { residentKib } from "../e2e/leftover_processes.js";
import { plainResidentKib } from "./agent_memory.js";
import { BareCompile } from "./bare_compile.js";
import { BenchProgram } from "./bench_program.js";
import { type Summary, summarize } from "./statistics.js";
import { EDITED_UNIT, syntheticProject, version } from "./synthetic_project.js";

export const stages = ["total", "build", "diff", "link", "bind", "apply"] as const;

/** Milliseconds, unless the name says otherwise. */
export interface ReloadTimes {
  readonly units: number;
  readonly edits: number;
  readonly bareCompile: Summary;
  /** From just before the file is written to the receipt of the line that the new code prints. */
  readonly saveToBehaviour: Summary;
  /** Of the medians. */
  readonly ratio: number;
  readonly difference: number;
  readonly stages: Readonly<Record<(typeof stages)[number], Summary>>;
  readonly buildMs: number;
  readonly readyMs: number;
  /** Resident memory of the program: built and run without us, with the agent before the first reload, and at the end. */
  readonly residentKib: { readonly plain: number; readonly withAgent: number; readonly afterEdits: number };
}

/** Edits and compiles take turns, so that whatever else the machine does meets both alike. */
export async function measureReloads(units: number, edits: number): Promise<ReloadTimes> {
  const files = syntheticProject(units);
  const program = await BenchProgram.start(files, "synthetic");
  try {
    await program.line("value 0");
    const withAgent = residentKib(program.pid);
    const compile = new BareCompile(program.build, EDITED_UNIT, path.join(program.workspace.root, "bare.o"));
    compile.run(); // what is read from disk for the first time
    const bare: number[] = [];
    const saves: number[] = [];
    const hots: Record<(typeof stages)[number], number>[] = [];
    for (let edit = 1; edit <= edits; edit++) {
      const text = program.workspace.read(EDITED_UNIT).replace(version(edit - 1), version(edit));
      const start = performance.now();
      program.workspace.write(EDITED_UNIT, text);
      saves.push((await program.line(`value ${edit}`)) - start);
      hots.push((await program.hot()).ms);
      bare.push(compile.run());
    }
    const afterEdits = residentKib(program.pid);
    const plain = await plainResidentKib(files, "synthetic", "value 0");
    const bareCompile = summarize(bare);
    const saveToBehaviour = summarize(saves);
    return {
      units,
      edits,
      bareCompile,
      saveToBehaviour,
      ratio: saveToBehaviour.median / bareCompile.median,
      difference: saveToBehaviour.median - bareCompile.median,
      stages: {
        total: summarize(hots.map(({ total }) => total)),
        build: summarize(hots.map(({ build }) => build)),
        diff: summarize(hots.map(({ diff }) => diff)),
        link: summarize(hots.map(({ link }) => link)),
        bind: summarize(hots.map(({ bind }) => bind)),
        apply: summarize(hots.map(({ apply }) => apply)),
      },
      buildMs: program.ready.buildMs,
      readyMs: program.ready.readyMs ?? Number.NaN,
      residentKib: { plain, withAgent, afterEdits },
    };
  } finally {
    await program.quit();
  }
}
