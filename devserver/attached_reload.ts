// The loop of `hotreload attach`: one verdict a save, for one process that is patched from outside. One turn at a time.
import { basename } from "node:path";
import { parseDiagnostics } from "../plugin/diagnostics.js";
import { diskFull } from "../plugin/disk_full.js";
import type { Problem } from "../plugin/errors.js";
import type { ObjectPath } from "../plugin/graph/graph.js";
import type { AttachedBuild } from "../plugin/production/attached_build.js";
import type { AttachedProcess } from "../plugin/production/attached_process.js";
import type { BuildTree } from "./build_tree.js";
import { errorReport, type Reporter } from "./report.js";
import { SlowProgress } from "./slow_progress.js";
import { findStillRunning } from "./stacks.js";
import type { Watch } from "./watch.js";

export interface AttachedReloadParts {
  readonly pid: number;
  readonly build: AttachedBuild;
  /** All that the process was linked from. */
  readonly objects: readonly ObjectPath[];
  readonly tree: BuildTree;
  readonly watch: Watch;
  readonly attached: AttachedProcess;
  readonly report: Reporter;
  /** From here on each save has a verdict of its own. */
  readonly onReady: () => void;
}

/** How often it is looked whether the process still runs. */
const LOOK_MS = 200;

interface Built {
  readonly ms: number;
  readonly warnings: string;
}

export class AttachedReload {
  /** Files saved since the last verdict that was not "build failed". */
  private readonly files = new Set<string>();
  private seenAt = 0;
  /** What was saved before we came has not been built. */
  private isBehind = true;
  /** The process does not have what is on disk: a touch tries again. */
  private isOpen = false;
  private isReady = false;
  private isBuiltElsewhere = false;
  /** There is something to build without a save. */
  private isRetryDue = true;
  private idle = false;
  private wakeUp: (() => void) | undefined;
  private stopped = false;
  private exited = false;

  constructor(private readonly parts: AttachedReloadParts) {}

  /** Something was saved: the watch has it. */
  changed(): void {
    this.parts.tree.saved();
    this.wake();
  }

  /** A file that the graph does not know was written: what did not build may build now. */
  appeared(path: string): void {
    if (this.parts.tree.concerns(path)) this.retry();
  }

  /** Something was built in the tree, by us or by another. */
  built(): void {
    this.isBuiltElsewhere = true;
    this.wake();
  }

  /** No turn begins from here on, and the one that is under way reports nothing more. */
  stop(): void {
    this.stopped = true;
    this.wake();
  }

  /** Takes turns until stop(), or until the process has exited. */
  async run(): Promise<"stopped" | "exited"> {
    const look = setInterval(() => {
      if (isAlive(this.parts.pid)) return;
      this.exited = true;
      this.wake();
    }, LOOK_MS);
    try {
      while (!this.stopped && !this.exited) {
        this.idle = true;
        await this.turn().catch((error) => {
          const full = diskFull(error);
          if (full === undefined) throw error;
          this.problem(full);
        });
        if (!this.idle || this.stopped || this.exited) continue;
        await new Promise<void>((resolve) => {
          this.wakeUp = resolve;
        });
      }
    } finally {
      clearInterval(look);
    }
    return this.exited ? "exited" : "stopped";
  }

  private retry(): void {
    this.isRetryDue = true;
    this.wake();
  }

  private wake(): void {
    this.idle = false;
    this.wakeUp?.();
  }

  private async turn(): Promise<void> {
    const { tree, watch } = this.parts;
    const changes = await watch.take();
    const isSaved = changes.changed.length + changes.touched.length > 0;
    const isAsked = isSaved || this.isRetryDue;
    this.isRetryDue = false;
    if (isSaved) this.seenAt = changes.seenAt;
    tree.note(changes);
    for (const path of changes.changed) this.files.add(path);

    const isTaken = await this.takeOver();
    if (tree.needsConfigure) {
      this.parts.report({ type: "progress", stage: "configure", text: "CMake runs again" });
      const configured = await tree.reconfigure();
      if (!configured.ok) this.problem(configured.problem);
    }
    if (this.isBehind && isAsked) await this.catchUp();
    else if (tree.isDirty && isAsked) await this.buildDirty(changes.touched);
    else if (isTaken && !tree.isDirty) await this.update({ ms: 0, warnings: "" }, []);
    else if (isSaved && this.isOpen && !tree.isDirty) await this.update({ ms: 0, warnings: "" }, changes.touched);
    else if (isSaved) this.unchanged([...this.takeFiles(), ...changes.touched], []);

    const refreshed = await tree.refresh();
    if (!refreshed.ok) this.problem(refreshed.problem);
    // Events are hints, and may have been lost while all this went on.
    if (isSaved) await watch.sweep();
  }

  /** Another ninja built in the tree: the process gets what it brought. */
  private async takeOver(): Promise<boolean> {
    if (!this.isBuiltElsewhere) return false;
    this.isBuiltElsewhere = false;
    this.seenAt = performance.now();
    const taken = await this.parts.tree.takeOver();
    if (!taken.ok) this.problem(taken.problem);
    else if (taken.value && this.parts.tree.isDirty) this.retry();
    return taken.ok && taken.value;
  }

  /** Builds what was saved between the link of the program and now, if anything was. */
  private async catchUp(): Promise<void> {
    const { build, objects, report, onReady } = this.parts;
    this.seenAt = performance.now();
    await build.tool.quiet();
    const progress = new SlowProgress(objects.length, ({ done, total, text }) => {
      report({ type: "progress", stage: "build", text, done, total });
    });
    const outcome = await build.tool.buildObjects(objects, progress.step);
    progress.end();
    const kept = await build.kept.afterBuild(objects);
    build.log.written();
    if (this.stopped) return;
    if (!this.isReady) onReady();
    this.isReady = true;
    if (!kept.ok) return this.problem(kept.problem);
    if (!outcome.ok) return this.buildFailed(outcome.output, []);
    this.isBehind = false;
    await this.update({ ms: outcome.ms, warnings: outcome.output }, []);
    if (this.parts.tree.isDirty) this.retry(); // saved meanwhile
  }

  private async buildDirty(touched: readonly string[]): Promise<void> {
    const { tree, watch } = this.parts;
    const built = await tree.buildDirty(() => {
      watch.look([...this.files]);
      return watch.pending;
    });
    if (!built.ok) return this.problem(built.problem);
    if (built.value === "superseded") return this.retry();
    const { ok, ms, output } = built.value;
    if (!ok) return this.buildFailed(output, touched);
    await this.update({ ms, warnings: output }, touched);
    if (tree.isDirty) this.retry(); // ninja ran CMake, and what that changed is still to be built
  }

  private async update({ ms, warnings }: Built, touched: readonly string[]): Promise<void> {
    const { attached, pid, report } = this.parts;
    const files = [...this.takeFiles(), ...touched];
    const update = await attached.update();
    this.isOpen = update.kind === "failed" || update.kind === "refused";
    if (this.stopped) return;
    const unloaded = this.unloadedNotes(files);
    switch (update.kind) {
      case "exited":
        this.exited = true;
        break;
      case "failed":
        this.problem(update.problem);
        break;
      case "refused":
        report({ type: "restartNeeded", files, pid, reasons: update.reasons, action: "none" });
        break;
      case "unchanged":
        this.unchanged(files, [...update.notes, ...unloaded], warnings);
        break;
      case "hot": {
        const { functions, added, variables, notes, patch, diffMs, applyMs, stoppedMs, attempts, oldCode } = update;
        const total = performance.now() - this.seenAt;
        const stages = { build: ms, diff: diffMs, link: 0, bind: 0, apply: applyMs };
        const tries = attempts > 1 ? `, at attempt ${attempts}` : "";
        report({
          type: "hot",
          files,
          functions,
          added,
          variables,
          ms: { total, ...stages },
          patch,
          pid,
          stoppedMs,
          stillRunning: await findStillRunning(pid, oldCode),
          notes: [`the process stood still for ${stoppedMs.toFixed(2)} ms${tries}`, ...notes, ...unloaded],
          warnings,
        });
      }
    }
  }

  /**
   * What is linked from the files that were saved, and that the process has not loaded. Of its other programs a project may
   * have many: they are told of only where nothing else is.
   */
  private unloadedNotes(files: readonly string[]): string[] {
    const { attached, build } = this.parts;
    const { graph } = build.kept;
    const modules = new Set(graph.affectedObjects(files).flatMap((object) => graph.modulesOf(object)));
    const unloaded = [...modules].filter((path) => !attached.modules.includes(path));
    const programs = new Set(
      graph.targets.flatMap(({ type, artifacts }) => (type === "EXECUTABLE" ? artifacts.slice(0, 1) : [])),
    );
    const told = unloaded.length === modules.size ? unloaded : unloaded.filter((path) => !programs.has(path));
    return told.map((path) => `the process has not loaded ${basename(path)}, which is not linked anew`);
  }

  private takeFiles(): string[] {
    const files = [...this.files];
    this.files.clear();
    return files;
  }

  private unchanged(files: readonly string[], notes: readonly string[], warnings = ""): void {
    if (files.length === 0 && notes.length === 0) return;
    this.parts.report({ type: "unchanged", files, notes, warnings });
  }

  private buildFailed(output: string, touched: readonly string[]): void {
    const { tree, report } = this.parts;
    if (this.stopped) return;
    const diagnostics = parseDiagnostics(output, tree.buildDir);
    report({ type: "buildFailed", files: [...this.files, ...touched], output, diagnostics });
  }

  private problem(problem: Problem): void {
    if (!this.stopped) this.parts.report(errorReport(problem));
  }
}

/** Also of another user's process. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
