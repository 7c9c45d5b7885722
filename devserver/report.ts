// What the dev server has to say: one union, turned into lines by report_terminal.ts and report_json.ts.

import type { Diagnostic } from "../plugin/diagnostics.js";
import type { Problem } from "../plugin/errors.js";
import type { KeptBlock } from "./agents.js";
import type { CrashSite } from "./crashes.js";
import type { LastPatch } from "./last_patch.js";
import type { StillRunning } from "./stacks.js";
import type { ProcessStatus } from "./status.js";

/** What is done for the program where a change needs a restart; "ask" and "ignore" differ in what a person is told. */
export type Unsupported = "ask" | "restart" | "ignore";

/** Milliseconds; total runs from the save being seen to the acknowledgement. */
export interface Timings {
  readonly total: number;
  readonly build: number;
  readonly diff: number;
  readonly link: number;
  readonly bind: number;
  readonly apply: number;
}

/** A patch that was undone or redone. */
interface Turned {
  readonly patch: number;
  readonly pid: number;
  readonly functions: readonly string[];
  /** Microseconds from the first function to the last. */
  readonly us: number;
  readonly notes: readonly string[];
}

/** Paths are absolute. */
export type Report =
  /** Something goes on; `done` of `total` steps where there are steps. */
  | {
      readonly type: "progress";
      readonly stage: "configure" | "build" | "start" | "wait" | "commands";
      readonly text: string;
      readonly done?: number;
      readonly total?: number;
    }
  /** The program runs and is connected; or with --no-run: programs started elsewhere can connect. */
  | { readonly type: "ready"; readonly buildMs: number; readonly readyMs: number; readonly pid?: number }
  | {
      readonly type: "process";
      readonly pid: number;
      readonly state: "connected" | "exited";
      readonly executable?: string;
      /** How it exited, where we are its parent. */
      readonly code?: number;
      readonly signal?: string;
      /** After a crash: the last patch that it had. */
      readonly lastPatch?: LastPatch;
      /** After a crash with a patch: where it stood, as far as it is known. */
      readonly crash?: CrashSite;
      /** What a key does for a program that ended with a patch: start it as it is saved, or as it was linked. */
      readonly offers?: readonly ("restart" | "undo")[];
    }
  /** A process that was not prepared is followed from here on. */
  | {
      readonly type: "attached";
      readonly pid: number;
      readonly executable: string;
      readonly buildDir: string;
      /** The executable and the libraries that are replaced. */
      readonly modules: readonly string[];
      /** In words: what a prepared program could do. */
      readonly missing: readonly string[];
    }
  /** It is not followed any more; these patches stay in it. */
  | { readonly type: "detached"; readonly pid: number; readonly patches: readonly string[] }
  /** What the program prints. */
  | { readonly type: "output"; readonly pid: number; readonly stream: "stdout" | "stderr"; readonly text: string }
  | {
      readonly type: "hot";
      readonly files: readonly string[];
      /** Demangled names of the functions replaced, and of those that are new. */
      readonly functions: readonly string[];
      readonly added: readonly string[];
      readonly variables: readonly string[];
      readonly ms: Timings;
      readonly patch: number;
      readonly pid: number;
      /** Milliseconds for which all threads stood still; only where they had to. */
      readonly stoppedMs?: number;
      /** Threads in whose frames old code of a replaced function may stand. */
      readonly stillRunning: readonly StillRunning[];
      readonly notes: readonly string[];
      /** The compiler's warnings, as it wrote them. */
      readonly warnings: string;
    }
  /** The process runs what it ran before the patch. */
  | (Turned & { readonly type: "undone" })
  /** The process runs the patch again. */
  | (Turned & { readonly type: "redone" })
  /**
   * The program is ended, if it still runs, and started again; what it keeps by hotreload_state is handed over by a
   * process that was running.
   */
  | { readonly type: "restarting"; readonly pid: number; readonly why: string }
  /** The new process took over a block of state, if `size` is what was `left`; otherwise the block begins anew. */
  | ({ readonly type: "state"; readonly pid: number; readonly kept: boolean } & KeptBlock)
  /** One connected process, in the answer to `status`. */
  | ({ readonly type: "status" } & ProcessStatus)
  | {
      readonly type: "unchanged";
      readonly files: readonly string[];
      readonly warnings: string;
      /** What the user should know although nothing is to be done. */
      readonly notes?: readonly string[];
    }
  /** The compilers' output, as they wrote it. */
  | {
      readonly type: "buildFailed";
      readonly files: readonly string[];
      readonly output: string;
      /** The same as values, as far as its forms are known. */
      readonly diagnostics: readonly Diagnostic[];
    }
  | {
      readonly type: "restartNeeded";
      readonly files: readonly string[];
      readonly pid: number;
      readonly reasons: readonly Problem[];
      /** What follows: nothing without being asked for, or a restart by itself; "none" if it was started elsewhere. */
      readonly action: Unsupported | "none";
    }
  | {
      readonly type: "error";
      /** From plugin/errors.ts, or from runtime/errors.def where an agent refused. */
      readonly code: string;
      readonly message: string;
      readonly file?: string;
      readonly line?: number;
      readonly detail?: string;
    };

/** Takes each report as it comes. */
export type Reporter = (report: Report) => void;

export function errorReport(problem: Problem): Report {
  const { code, message, file, line, detail } = problem;
  return {
    type: "error",
    code,
    message,
    ...(file === undefined ? {} : { file }),
    ...(line === undefined ? {} : { line }),
    ...(detail === undefined ? {} : { detail }),
  };
}
