// Brings the connected processes up to date after a build, one patch after another, and reports each verdict.
//
// A process that does not answer (stopped in a debugger, say) is left alone, and catches up when it answers again.

import { formatProblem, type Problem } from "../plugin/errors.js";
import type { Agent } from "./agents.js";
import type { Report, Reporter, Unsupported } from "./report.js";
import type { Condition } from "./status.js";
import { type Preparation, type ProcessPatcher, prepare, type Sending, type UpdateOutcome, update } from "./update.js";

/** A batch of saves on its way to its verdict. */
export interface Batch {
  readonly files: readonly string[];
  /** performance.now() when the save was seen. */
  readonly seenAt: number;
  readonly buildMs: number;
  /** What the compilers had to say although the build succeeded. */
  readonly warnings: string;
}

/** Begun beside a build: what the process has loaded, and room near it. */
export type Preparing = ReadonlyMap<Agent, Promise<Preparation>>;

export class Processes {
  /** Those that do not answer for now, and the files that were saved meanwhile. */
  private readonly silent = new Map<Agent, Set<string>>();
  private readonly greeted = new WeakSet<Agent>();
  /** Those that go on without what was saved last, and why. */
  private readonly behind = new WeakMap<Agent, string>();
  /** Those that connect are left as they are until the next save. */
  private held = false;
  /** What they answered at last: to be done in turn. */
  private answered: (() => Promise<void>)[] = [];

  /** @param wake there is something to do in settle() */
  constructor(
    private readonly agents: { readonly connected: readonly Agent[] },
    private readonly patcher: ProcessPatcher,
    private readonly report: Reporter,
    private readonly wake: () => void,
    private readonly sending: Sending = () => {},
    /** A change cannot be applied to the process, whether it was just saved or the process just connected. */
    private readonly unsupported: (agent: Agent, isSave: boolean) => Unsupported | "none" = () => "none",
  ) {}

  /** Asks every process that answers what it has loaded. */
  prepareAll(): Preparing {
    return this.prepare(this.agents.connected);
  }

  /**
   * Patches are made one after another, but no process waits for another one that does not answer. True if the batch has
   * its verdict; else conclude() gives it one. Those that connected meanwhile get what was saved as the others do.
   */
  async updateAll(preparing: Preparing, batch: Batch): Promise<boolean> {
    this.held = false;
    const late = this.agents.connected.filter((agent) => !preparing.has(agent));
    const told = await this.update(new Map([...preparing, ...this.prepare(late)]), batch);
    for (const files of this.silent.values()) for (const path of batch.files) files.add(path);
    return told;
  }

  /** The verdict of a batch that changed no process. */
  conclude(preparing: Preparing, batch: Batch): void {
    if (batch.files.length === 0) return;
    if (preparing.size > 0 || this.awake.length > 0) {
      this.report({ type: "unchanged", files: batch.files, warnings: batch.warnings });
      return;
    }
    const why = this.silent.size > 0 ? "the process does not answer yet" : "no process is connected";
    this.report({ type: "progress", stage: "wait", text: `built in ${Math.round(batch.buildMs)} ms; ${why}` });
  }

  /** Brings processes that just connected to the state of the others. */
  async join(agents: readonly Agent[], files: readonly string[] = []): Promise<void> {
    const { connected } = this.agents;
    const present = agents.filter((agent) => connected.includes(agent));
    if (this.held) {
      for (const agent of present) this.behind.set(agent, "what was saved is undone, until the next save");
      return;
    }
    await this.update(this.prepare(present), { files, seenAt: performance.now(), buildMs: 0, warnings: "" });
  }

  /** From now until the next save, processes that connect run what they were linked from. */
  hold(): void {
    this.held = true;
  }

  /** Ends that; false if there was nothing to end. */
  async release(): Promise<boolean> {
    const wasHeld = this.held;
    this.held = false;
    if (wasHeld) await this.join(this.agents.connected);
    return wasHeld;
  }

  /** Goes on with the processes that answered after a silence. */
  async settle(): Promise<void> {
    const { answered } = this;
    this.answered = [];
    for (const settle of answered) await settle();
  }

  /** The connected processes that answer. */
  get awake(): readonly Agent[] {
    return this.agents.connected.filter((agent) => !this.silent.has(agent));
  }

  conditionOf(agent: Agent): Condition {
    const why = this.behind.get(agent);
    if (this.silent.has(agent)) return { state: "silent", why: "it has not answered yet" };
    return why === undefined ? { state: "current" } : { state: "behind", why };
  }

  private prepare(agents: readonly Agent[]): Preparing {
    const awake = agents.filter((agent) => !this.silent.has(agent));
    return new Map(awake.map((agent) => [agent, prepare(agent, this.patcher)]));
  }

  /** True if there was something to tell of a process. */
  private async update(preparing: Preparing, batch: Batch): Promise<boolean> {
    let told = false;
    let patching: Promise<void> = Promise.resolve();
    const updates = [...preparing].map(async ([agent, preparation]) => {
      const prepared = await preparation;
      patching = patching.then(async () => {
        if (!this.greeted.has(agent)) this.patcher.greet(agent.view());
        this.greeted.add(agent);
        const outcome = await update(agent, this.patcher, prepared, batch.files, this.sending);
        told = this.verdict(agent, outcome, batch) || told;
      });
      await patching;
    });
    await Promise.all(updates);
    return told;
  }

  /** Reports what came of one process; false if there is nothing to tell. */
  private verdict(agent: Agent, outcome: UpdateOutcome, batch: Batch): boolean {
    const { pid } = agent;
    switch (outcome.kind) {
      case "hot":
        this.behind.delete(agent);
        this.report(hotReport(pid, outcome, batch));
        return true;
      case "restartNeeded":
        this.behind.set(agent, outcome.reasons.map(inOneLine).join("; "));
        this.report({
          type: "restartNeeded",
          files: batch.files,
          pid,
          reasons: outcome.reasons,
          action: this.unsupported(agent, batch.files.length > 0),
        });
        return true;
      case "refused": {
        const message = `process ${pid} goes on as it was: ${outcome.message}`;
        this.behind.set(agent, `${outcome.message} [${outcome.code}]`);
        this.report({ type: "error", code: outcome.code, message });
        return true;
      }
      case "silent":
        this.leaveAlone(agent, outcome, batch);
        return true;
      case "unchanged":
        this.behind.delete(agent);
        if (!outcome.notes?.length) return false;
        this.report({ type: "unchanged", files: batch.files, warnings: batch.warnings, notes: outcome.notes });
        return true;
      case "gone":
        return false;
    }
  }

  private leaveAlone(agent: Agent, { finish, why }: Extract<UpdateOutcome, { kind: "silent" }>, batch: Batch): void {
    if (why === "waiting") {
      const text = `process ${agent.pid} takes the change at a point of its own (hotreload_poll)`;
      this.report({ type: "progress", stage: "wait", text });
    } else {
      const message = `process ${agent.pid} does not answer (stopped in a debugger?): it catches up when it does`;
      this.report({ type: "error", code: "E_AGENT", message });
    }
    this.silent.set(agent, new Set(batch.files));
    void finish.then((settle) => {
      this.answered.push(async () => {
        const files = [...(this.silent.get(agent) ?? [])];
        this.silent.delete(agent);
        const outcome = await settle();
        this.verdict(agent, outcome, batch);
        // What it refused it would refuse again, unless something was saved since.
        const isDone = outcome.kind === "refused" && files.length === batch.files.length;
        if (!isDone && !this.silent.has(agent)) await this.join([agent], files);
      });
      this.wake();
    });
  }
}

/** Without the text below it. */
function inOneLine(problem: Problem): string {
  return formatProblem(problem).split("\n")[0] ?? "";
}

function hotReport(pid: number, outcome: Extract<UpdateOutcome, { kind: "hot" }>, batch: Batch): Report {
  const { patch, applyMs, appliedAt, stillRunning } = outcome;
  return {
    type: "hot",
    files: batch.files,
    functions: patch.functions,
    added: patch.addedFunctions,
    variables: patch.variables,
    ms: { total: appliedAt - batch.seenAt, build: batch.buildMs, ...patch.ms, apply: applyMs },
    patch: patch.number,
    pid,
    stillRunning,
    notes: patch.notes,
    warnings: batch.warnings,
  };
}
