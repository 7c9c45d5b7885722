// Adds to the report of a crash which patch the process had got last: new code is the first suspect.

import type { Patch } from "../plugin/patcher.js";
import type { Report, Reporter } from "./report.js";

export interface LastPatch {
  readonly patch: number;
  readonly functions: readonly string[];
  /** From the patch, or its undo or redo, to the report of the crash. */
  readonly ms: number;
}

/** Signals that code brings upon itself; the others come from outside. */
const CRASHES: ReadonlySet<string> = new Set(["SIGSEGV", "SIGBUS", "SIGILL", "SIGFPE", "SIGABRT", "SIGTRAP", "SIGSYS"]);

interface Change {
  readonly patch: number;
  readonly functions: readonly string[];
  readonly at: number;
}

export class LastPatches {
  /** Process -> its patches that stand, the last one last. */
  readonly #standing = new Map<number, Change[]>();
  /** Process -> what was sent to it and is not reported yet: it may have crashed in it before it could answer. */
  readonly #sent = new Map<number, Change>();

  constructor(private readonly next: Reporter) {}

  /** Passes the report on. */
  readonly report: Reporter = (report) => {
    if (report.type === "process" && report.state === "exited") {
      this.next(this.#withCrash(report));
      this.#standing.delete(report.pid);
      this.#sent.delete(report.pid);
      return;
    }
    this.next(report);
    if (report.type !== "hot" && report.type !== "undone" && report.type !== "redone") return;
    const { pid, patch } = report;
    const standing = (this.#standing.get(pid) ?? []).filter((change) => change.patch !== patch);
    this.#sent.delete(pid);
    const functions = report.type === "hot" ? [...report.functions, ...report.added] : report.functions;
    if (report.type !== "undone") standing.push({ patch, functions, at: performance.now() });
    this.#standing.set(pid, standing);
  };

  /** A patch goes to the process, or undefined: it was refused. */
  readonly sending = (pid: number, patch: Patch | undefined): void => {
    if (patch === undefined) this.#sent.delete(pid);
    else {
      const functions = [...patch.functions, ...patch.addedFunctions];
      this.#sent.set(pid, { patch: patch.number, functions, at: performance.now() });
    }
  };

  /** Also where it was: that, and what is offered, is told of a crash that new code may be the reason of. */
  #withCrash({ crash, offers, ...report }: Extract<Report, { type: "process" }>): Report {
    const last = this.#sent.get(report.pid) ?? this.#standing.get(report.pid)?.at(-1);
    if (last === undefined || report.signal === undefined || !CRASHES.has(report.signal)) return report;
    const { patch, functions, at } = last;
    return {
      ...report,
      lastPatch: { patch, functions, ms: Math.round(performance.now() - at) },
      ...(crash && { crash }),
      ...(offers && { offers }),
    };
  }
}
