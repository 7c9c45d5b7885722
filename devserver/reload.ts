// The loop: what was saved, asked or connected goes in, one verdict a save comes out. One turn at a time, in order.

import { existsSync } from "node:fs";
import { basename } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseDiagnostics } from "../plugin/diagnostics.js";
import { diskFull } from "../plugin/disk_full.js";
import type { Problem } from "../plugin/errors.js";
import type { Patcher } from "../plugin/patcher.js";
import type { Agent } from "./agents.js";
import type { BuildTree } from "./build_tree.js";
import { Processes } from "./processes.js";
import { errorReport, type Report, type Reporter, type Unsupported } from "./report.js";
import { statusOf } from "./status.js";
import { turnAll, type Way } from "./undo.js";
import type { ProcessPatcher, Sending } from "./update.js";
import type { Changes, Watch } from "./watch.js";

export interface ReloadParts {
  readonly tree: BuildTree;
  readonly patcher: ProcessPatcher &
    Pick<Patcher, "hasLoaded" | "forget" | "turn" | "turned" | "patchesOf" | "isAsLinked">;
  readonly watch: Pick<Watch, "take" | "sweep" | "look" | "pending">;
  readonly agents: { readonly connected: readonly Agent[] };
  /** undefined with --no-run. */
  readonly program:
    | {
        isRunning(): boolean;
        owns(pid: number): boolean;
        stop(): Promise<void>;
        start(buildMs: number, keepsState: boolean): void;
      }
    | undefined;
  readonly onUnsupported: Unsupported;
  readonly report: Reporter;
  /** A patch goes to a process, or undefined: it was refused. */
  readonly sending?: Sending;
}

/** For so long a build whose files are saved again is given up for the next one. */
const SUPERSEDE_MS = 5000;
/** A build that writes one of its own sources each time would never be done. */
const FULL_BUILDS = 3;
/** A file that appeared is as old as that before anything reads it: what is written later can be told by its time. */
const APPEARED_MS = 10;
/** A save that began so long ago is complete. */
const SLOW_SAVE_MS = 200;

interface Requests {
  restart: boolean;
  build: boolean;
  /** Something that a failed build may have waited for. */
  retry: boolean;
  /** Files that were written and that the graph does not know. */
  readonly appeared: string[];
  /** Somebody built in the tree. */
  built: boolean;
  readonly turns: { readonly way: Way; readonly resolve: (reports: readonly Report[]) => void }[];
  readonly connected: Agent[];
  readonly exited: { readonly pid: number; readonly startTime: number }[];
}

export class Reload {
  private requests = noRequests();
  private readonly processes: Processes;
  /** Files saved since the last verdict that was not "build failed". */
  private readonly files = new Set<string>();
  private seenAt = 0;
  /** The program's process that has ended last, if it had patches. */
  private ended: Agent | undefined;
  /** When the first save was seen whose build is superseded ever since. */
  private unfinishedSince: number | undefined;
  /** No turn is asked for. */
  private idle = true;
  private resume: (() => void) | undefined;
  private stopped = false;

  constructor(private readonly parts: ReloadParts) {
    const { agents, patcher } = parts;
    this.processes = new Processes(
      agents,
      patcher,
      (report) => this.report(report),
      () => this.wake(),
      this.parts.sending,
      (agent, isSave) => this.unsupported(agent, isSave),
    );
  }

  /** Something was saved: the watch has it. */
  changed(): void {
    this.parts.tree.saved();
    this.wake();
  }

  /** Builds everything, then stops the program and starts the new one. */
  restart(): void {
    this.requests.restart = true;
    this.wake();
  }

  /** Builds and links everything. */
  build(): void {
    this.requests.build = true;
    this.wake();
  }

  /** Builds again what did not build. */
  retry(): void {
    this.requests.retry = true;
    this.wake();
  }

  /** A file that the graph does not know was written. */
  appeared(path: string): void {
    if (!this.parts.tree.concerns(path)) return;
    this.requests.appeared.push(path);
    this.retry();
  }

  /** Something was built in the tree, by us or by another. */
  built(): void {
    this.requests.built = true;
    this.wake();
  }

  /** Sends the processes one patch back or forth. Resolves when that is done, to what was reported of it. */
  turnBack(way: Way): Promise<readonly Report[]> {
    return new Promise((resolve) => {
      this.requests.turns.push({ way, resolve });
      this.wake();
    });
  }

  /** Of each connected process as it is now, in no turn: a build may take its time. */
  status(): readonly Report[] {
    const { agents, patcher } = this.parts;
    const all = agents.connected.map((agent) => statusOf(agent, patcher, this.processes.conditionOf(agent)));
    const reports = all.flatMap((status): Report[] => (status === undefined ? [] : [{ type: "status", ...status }]));
    return reports.length > 0 ? reports : [{ type: "progress", stage: "wait", text: "no process is connected" }];
  }

  /** The program's process has ended. @param isNewCode it crashed in a patch, which it may not have acknowledged */
  programEnded(agent: Agent, isNewCode: boolean): void {
    const hasPatches = isNewCode || agent.view().applied.some(({ standing }) => standing === "standing");
    this.ended = hasPatches ? agent : undefined;
  }

  /** What can be done for a program that has ended. */
  get offers(): readonly ("restart" | "undo")[] {
    return this.ended === undefined ? ["restart"] : ["restart", "undo"];
  }

  connected(agent: Agent): void {
    this.requests.connected.push(agent);
    this.wake();
  }

  exited(process: { readonly pid: number; readonly startTime: number }): void {
    this.requests.exited.push(process);
    this.wake();
  }

  /** Takes turns until stop(). */
  async run(): Promise<void> {
    for (;;) {
      if (this.idle) {
        await new Promise<void>((resolve) => {
          this.resume = resolve;
        });
      }
      this.idle = true;
      if (this.stopped) return;
      try {
        await this.turn();
      } catch (error) {
        const full = diskFull(error);
        if (full === undefined) throw error;
        this.problem(full);
      }
    }
  }

  /** No turn begins from here on, and the one that is under way reports nothing more. */
  stop(): void {
    this.stopped = true;
    this.wake();
  }

  private wake(): void {
    this.idle = false;
    this.resume?.();
  }

  private async turn(): Promise<void> {
    const { tree, watch, program, patcher } = this.parts;
    const requests = this.requests;
    this.requests = noRequests();
    await patcher.forget(requests.exited);
    await this.processes.settle();
    for (const { way, resolve } of requests.turns) {
      const reports = (await this.turnEnded(way)) ?? (await this.turnConnected(way));
      for (const report of reports) this.report(report);
      resolve(reports);
    }

    if (requests.appeared.length > 0) await delay(APPEARED_MS);
    // A full build compiles whatever is new: the patcher has to know of it first.
    const changes = await watch.take(requests.restart || requests.build);
    const isSaved = changes.changed.length + changes.touched.length > 0;
    if (requests.retry && !isSaved && watch.pending.length > 0) {
      // What is being gathered belongs to it, and wakes the next turn.
      requests.retry = false;
      this.requests.retry = true;
      this.requests.appeared.push(...requests.appeared);
    }
    if (isSaved || requests.retry) this.seenAt = changes.seenAt;
    tree.note(changes);
    for (const path of changes.changed) this.files.add(path);

    if (requests.built) await this.takeOver();
    const isAsked = isSaved || requests.retry || requests.restart || requests.build;
    const hasEnded = program !== undefined && !program.isRunning();
    const isConfigured = !isAsked || (await this.configure(requests, changes));
    if (!isConfigured && (requests.restart || requests.build || !tree.isDirty)) {
      // The error is told. What else was saved is built as the graph was before.
    } else if (requests.restart || (hasEnded && isSaved)) {
      await this.buildAndStart(changes);
    } else if (requests.build) {
      await this.buildAll();
    } else if (tree.isDirty && (isSaved || requests.retry)) {
      await this.buildDirty(changes);
    } else if (isSaved) {
      this.report({ type: "unchanged", files: this.takeFiles(changes), warnings: "" });
    }
    // While something does not build, the objects are half of a change.
    if (requests.connected.length > 0 && !tree.isDirty) await this.processes.join(requests.connected);
    if (!tree.isDirty) await this.linkLibraries();
    const refreshed = await tree.refresh();
    if (!refreshed.ok) this.problem(refreshed.problem);
    // Events are hints, and may have been lost while all this went on.
    if (isSaved) await watch.sweep();
  }

  private turnConnected(way: Way): Promise<readonly Report[]> {
    return turnAll(this.processes.awake, this.parts.patcher, way, (report) => this.report(report));
  }

  /**
   * Undo where the program has ended and had patches: it is started as it was linked, and gets none until the next save;
   * redo after that brings them. Undefined if neither is the case.
   */
  private async turnEnded(way: Way): Promise<readonly Report[] | undefined> {
    const { program, patcher } = this.parts;
    if (way === "redo") {
      if (!(await this.processes.release())) return undefined;
      return [{ type: "progress", stage: "start", text: "the program runs what is saved" }];
    }
    const { ended } = this;
    if (program === undefined || program.isRunning() || ended === undefined) return undefined;
    const { pid } = ended;
    if (!(await patcher.isAsLinked(ended.view()))) {
      const message = `process ${pid} has ended, and its files were linked anew since it was started`;
      return [errorReport({ code: "E_UNDO", message })];
    }
    await program.stop();
    if (this.stopped) return [];
    this.ended = undefined;
    this.processes.hold();
    program.start(0, false);
    const why =
      "undo after its end: as it was linked. The next save brings the changes back, unless they are taken out";
    return [{ type: "restarting", pid, why }];
  }

  /** Runs CMake if it has to; false if it failed, which is reported. */
  private async configure(requests: Requests, changes: Changes): Promise<boolean> {
    const { tree } = this.parts;
    if (requests.appeared.length > 0 || requests.restart || requests.build) tree.retry();
    if (requests.appeared.length > 0 || changes.changed.some((path) => !existsSync(path))) {
      const checked = await tree.checkGlobs();
      if (!checked.ok) this.problem(checked.problem);
    }
    if (!tree.needsConfigure) return true;
    for (const path of requests.appeared) this.files.add(path);
    this.report({ type: "progress", stage: "configure", text: "CMake runs again" });
    const configured = await this.parts.tree.reconfigure();
    if (!configured.ok) this.problem(configured.problem);
    return configured.ok;
  }

  /** Another ninja built in the tree: processes get what it brought, as from a save. */
  private async takeOver(): Promise<void> {
    const seenAt = performance.now();
    const { tree } = this.parts;
    const wasDirty = tree.isDirty;
    const taken = await tree.takeOver();
    if (!taken.ok) return this.problem(taken.problem);
    if (wasDirty) return; // the next good build brings all of it
    if (tree.isDirty) this.retry();
    else if (taken.value) {
      await this.processes.updateAll(this.processes.prepareAll(), { files: [], seenAt, buildMs: 0, warnings: "" });
    }
  }

  /** The way of a save. */
  private async buildDirty(changes: Changes): Promise<void> {
    const { tree } = this.parts;
    const preparing = this.processes.prepareAll();
    const built = await tree.buildDirty(() => this.savedMeanwhile());
    if (!built.ok) return this.problem(built.problem);
    if (built.value === "superseded") return this.retry();
    const { ok, ms, output } = built.value;
    if (!ok) return (await this.isBeingSaved()) ? undefined : this.buildFailed(output, changes);
    const batch = { files: this.takeFiles(changes), seenAt: this.seenAt, buildMs: ms, warnings: output };
    const isTold = await this.processes.updateAll(preparing, batch);
    const isFine = await this.linkLibraries(batch.files);
    if (isFine && !isTold) this.processes.conclude(preparing, batch);
    // Ninja ran CMake, and what that changed is still to be built.
    if (tree.isDirty) this.retry();
  }

  /**
   * Links the libraries that a process may open from now on: what it opens is then what was saved. One that all processes
   * have loaded gets its patches instead. Given up if anything is saved meanwhile: then the next turn does it.
   * @param files that were saved
   * @returns false if they do not link, which is reported
   */
  private async linkLibraries(files: readonly string[] = []): Promise<boolean> {
    const { tree, agents, patcher, watch } = this.parts;
    const isMissing = (library: string): boolean =>
      agents.connected.some((agent) => !patcher.hasLoaded(agent.view(), library));
    const libraries = tree.unlinkedLibraries.filter(isMissing);
    if (libraries.length === 0 || watch.pending.length > 0) return true;
    const linked = await tree.link(libraries);
    if (!linked.ok) {
      this.problem(linked.problem);
      return false;
    }
    if (linked.value === "superseded") return true;
    if (!linked.value.ok) {
      for (const path of files) this.files.add(path);
      this.buildFailed(linked.value.output);
      return false;
    }
    const names = libraries.map((library) => basename(library)).join(", ");
    this.report({ type: "progress", stage: "build", text: `${names} linked, for processes that open it from now on` });
    // One may have opened it meanwhile.
    await this.processes.join(agents.connected);
    return true;
  }

  /** What was saved since the turn began. Whoever saves without a pause gets what was built in between all the same. */
  private savedMeanwhile(): readonly string[] {
    this.unfinishedSince ??= this.seenAt;
    if (performance.now() - this.unfinishedSince > SUPERSEDE_MS) return [];
    this.parts.watch.look([...this.files]);
    return this.parts.watch.pending;
  }

  private async buildAll(): Promise<void> {
    const seenAt = performance.now();
    const built = await this.buildEverything();
    if (built === undefined) return;
    const { steps, ms, output } = built;
    this.report({ type: "progress", stage: "build", text: `full build: ${steps} steps in ${Math.round(ms)} ms` });
    const batch = { files: this.takeFiles(), seenAt, buildMs: ms, warnings: output };
    const preparing = this.processes.prepareAll();
    if (!(await this.processes.updateAll(preparing, batch))) this.processes.conclude(preparing, batch);
  }

  private async buildAndStart(changes: Changes): Promise<void> {
    const { program, agents } = this.parts;
    const built = await this.buildEverything(changes);
    if (built === undefined) return;
    this.files.clear();
    if (program !== undefined) {
      const isRunning = program.isRunning();
      if (isRunning) this.restarting();
      await program.stop();
      // A program that ended by itself may have done so because of what it had kept.
      if (!this.stopped) program.start(built.ms, isRunning);
    }
    // Those that were started elsewhere go on, and get what was saved.
    for (const agent of agents.connected) this.connected(agent);
  }

  /**
   * Builds and links everything. What is saved meanwhile is built as well: half of the objects may be of the old text.
   * @returns undefined if it failed, which is reported
   */
  private async buildEverything(changes?: Changes): Promise<{ steps: number; ms: number; output: string } | undefined> {
    const { tree, watch } = this.parts;
    const all = { steps: 0, ms: 0, output: "" };
    for (let builds = 1; ; builds += 1) {
      const built = await tree.buildAll();
      if (!built.ok) {
        this.problem(built.problem);
        return undefined;
      }
      if (!built.value.ok) {
        this.buildFailed(built.value.output, changes);
        return undefined;
      }
      all.steps += built.value.built;
      all.ms += built.value.ms;
      all.output += built.value.output;
      if (builds === FULL_BUILDS) return all;
      const meanwhile = await watch.take(true);
      tree.note(meanwhile);
      for (const path of meanwhile.changed) this.files.add(path);
      if (!tree.isDirty) return all;
    }
  }

  /** A process cannot take a change: what is done about it. */
  private unsupported({ pid }: Agent, isSave: boolean): Unsupported | "none" {
    const { program, onUnsupported } = this.parts;
    if (program === undefined || !program.owns(pid)) return "none";
    // Without a save it would be the same again after the restart.
    if (onUnsupported !== "restart") return onUnsupported;
    if (!isSave) return "ask";
    this.restart();
    return "restart";
  }

  /** Says in one line why. */
  private restarting(): void {
    const { agents, program } = this.parts;
    const owned = agents.connected.filter(({ pid }) => program?.owns(pid));
    const conditions = owned.map((agent) => this.processes.conditionOf(agent));
    const behind = conditions.find(({ state }) => state === "behind");
    const why = behind !== undefined && "why" in behind ? behind.why : "it was asked for";
    if (owned[0] !== undefined) this.report({ type: "restarting", pid: owned[0].pid, why });
  }

  private takeFiles(changes?: Changes): string[] {
    this.unfinishedSince = undefined;
    const files = new Set([...this.files, ...(changes?.touched ?? [])]);
    this.files.clear();
    return [...files];
  }

  /**
   * Half of a file does not compile, and there are programs that take their time to write the other half. What is saved
   * right after has its verdict for all of it.
   */
  private async isBeingSaved(): Promise<boolean> {
    await delay(Math.max(0, this.seenAt + SLOW_SAVE_MS - performance.now()));
    await this.parts.watch.sweep();
    return this.parts.watch.pending.length > 0;
  }

  private buildFailed(output: string, changes?: Changes): void {
    const files = new Set([...this.files, ...(changes?.touched ?? [])]);
    const diagnostics = parseDiagnostics(output, this.parts.tree.buildDir);
    this.report({ type: "buildFailed", files: [...files], output, diagnostics });
  }

  private problem(problem: Problem): void {
    this.report(errorReport(problem));
  }

  private report(report: Report): void {
    if (!this.stopped) this.parts.report(report);
  }
}

function noRequests(): Requests {
  return {
    restart: false,
    build: false,
    retry: false,
    appeared: [],
    built: false,
    turns: [],
    connected: [],
    exited: [],
  };
}
