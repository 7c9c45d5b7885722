// The build tree while programs run from it: which objects are out of date, and their build.
//
// Promised: an object is dirty from the save that concerns it until it was built from that text. Before a build the patcher
// moves the dirty objects away, so that they are built anew whatever their times are: a save during the build, or a file
// put back with its old time, is never taken for old.
//
// The graph moves: CMake runs again when something that it reads was saved, or when a glob finds other files. Where that
// changed what a module is linked from, everything is linked again, so that the project's own linker judges it and what
// a process opens later is up to date. While CMake fails, the graph that was stays.

import { existsSync, rmSync, statSync } from "node:fs";
import { basename, resolve } from "node:path";
import type { BuildOutcome, BuildTool } from "../plugin/build.js";
import { type Result, success } from "../plugin/errors.js";
import type { BuildGraph, ObjectPath, Target } from "../plugin/graph/graph.js";
import type { NinjaLog } from "../plugin/ninja_log.js";
import type { Progress } from "../plugin/ninja_output.js";
import type { Patcher } from "../plugin/patcher.js";
import type { Project } from "../plugin/project.js";
import { isSourceFile } from "./project_watch.js";
import { SlowProgress } from "./slow_progress.js";
import type { Changes, Watch } from "./watch.js";

/** What of a project and its watch is needed here; tests script the rest. */
export interface BuildProject
  extends Pick<Project, "graph" | "reconfigure" | "reloadGraph" | "graphVersion" | "globsDiffer"> {
  readonly tool: Pick<BuildTool, "buildObjects" | "buildTargets" | "buildAll" | "quiet">;
  readonly log: Pick<NinjaLog, "written">;
  readonly patcher: Pick<Patcher, "setGraph" | "beforeBuild" | "afterBuild" | "afterFullBuild" | "restoreModules">;
}
export type BuildWatch = Pick<Watch, "setFiles" | "takeProducts" | "watchDirectories">;

/** A file with a time before this is no plain save. */
const FRESH_MS = 2000;

export class BuildTree {
  private current: BuildGraph;
  private version: number;
  /** Ends the build that is under way if it is of files that were saved again. */
  private supersede: (() => void) | undefined;
  private readonly dirty = new Set<ObjectPath>();
  /** Saved without a change: no reason to build, but a full build will. */
  private readonly touched = new Set<string>();
  /** Generated files that the build tool would wrongly take for new. */
  private readonly stale = new Set<string>();
  private configuration: "current" | "due" | "failed" = "current";
  /** Of the last CMake that failed. */
  private complaint = "";
  /** A module is linked from other objects, or in another way, than it was. */
  private isLinkDue = false;
  /** Shared libraries of which objects were built since they were linked. */
  private readonly unlinked = new Set<string>();
  /** They did not link, and nothing was built since. */
  private isLinkBroken = false;
  /** Date.now() when the first build began whose reports have not been read. */
  private builtSince: number | undefined;
  /** Somebody else built objects or modules, which have not been looked at. */
  private builtElsewhere = false;
  /** Date.now() when it was last known what everybody had built. */
  private knownAt = Date.now();

  constructor(
    private readonly project: BuildProject,
    private readonly watch: BuildWatch,
    private readonly onProgress?: (progress: Progress) => void,
  ) {
    this.current = project.graph;
    this.version = project.graphVersion();
  }

  /** Where the compilers run: what they name is relative to it. */
  get buildDir(): string {
    return this.current.buildDir;
  }

  /** There is something to build. */
  get isDirty(): boolean {
    return this.dirty.size > 0 || this.isLinkDue;
  }

  get needsConfigure(): boolean {
    return this.configuration === "due";
  }

  /** Takes in what was saved. */
  note(changes: Changes): void {
    for (const path of changes.changed) this.touched.delete(path);
    for (const path of changes.touched) this.touched.add(path);
    const sources = changes.changed.filter((path) => !this.current.isConfigureInput(path));
    if (sources.length < changes.changed.length) this.configuration = "due";
    for (const object of this.current.affectedObjects(sources)) this.dirty.add(object);
    for (const path of sources) this.noteOld(path);
  }

  /** A file that was put back with its old time: what is generated from it looks newer, and must not. */
  private noteOld(path: string): void {
    const saved = timeOf(path);
    if (saved === undefined || saved > Date.now() - FRESH_MS) return;
    for (const made of this.current.generatedFrom([path])) {
      const time = timeOf(made);
      if (time !== undefined && time >= saved && made.startsWith(`${this.current.buildDir}/`)) this.stale.add(made);
    }
  }

  /** A CMake that failed may succeed now. */
  retry(): void {
    if (this.configuration === "failed") this.configuration = "due";
  }

  /** True if a file that the graph does not know is of interest: something waits for it, or a glob may find it. */
  concerns(path: string): boolean {
    if (this.configuration === "failed") return this.complaint.includes(basename(path));
    if (this.dirty.size > 0 && isSourceFile(path)) return true;
    return this.current.hasGlobs && !path.startsWith(`${this.current.buildDir}/`);
  }

  /** Files appeared or went: looks whether CMake's globs find others than they did. E_TOOL. */
  async checkGlobs(): Promise<Result<void>> {
    if (!this.current.hasGlobs || this.configuration !== "current") return success(undefined);
    await this.watch.watchDirectories(this.current.globDirectories()); // those that are new, before anybody looks into them
    const differ = await this.project.globsDiffer();
    if (!differ.ok) return differ;
    if (differ.value) this.configuration = "due";
    return success(undefined);
  }

  /** Runs CMake again and takes over the new graph. On an error the old one stays. */
  async reconfigure(): Promise<Result<void>> {
    await this.project.tool.quiet();
    this.lookAtLog(new Set());
    const started = Date.now();
    this.configuration = "failed";
    const graph = await this.project.reconfigure();
    this.project.log.written(); // CMake lets ninja write it anew
    if (!graph.ok) {
      this.complaint = graph.problem.detail ?? "";
      return graph;
    }
    this.configuration = "current";
    return this.adopt(graph.value, started);
  }

  /**
   * Takes over what another ninja or CMake left in the tree, and waits for one that is at work; false if there was
   * none. What it wrote is a version like any other: processes can be brought up to it.
   */
  async takeOver(): Promise<Result<boolean>> {
    this.lookAtLog(new Set());
    const isConfigured = this.project.graphVersion() !== this.version;
    if (!this.builtElsewhere && !isConfigured) return success(false);
    await this.project.tool.quiet();
    const since = this.knownAt;
    this.knownAt = Date.now();
    this.builtElsewhere = false;
    this.project.log.written();
    if (this.project.graphVersion() !== this.version) {
      const graph = await this.project.reloadGraph();
      if (!graph.ok) return graph;
      const adopted = await this.adopt(graph.value, since);
      if (!adopted.ok) return adopted;
    }
    this.builtSince ??= since;
    const linked = await this.project.patcher.afterFullBuild();
    return linked.ok ? success(true) : linked;
  }

  /**
   * Builds what is dirty. What the build says is in the outcome; a Problem is one of ours. "superseded" if one of the
   * files was saved once more before it ended: what the compiler read is no text of anybody's, and all stays dirty.
   */
  async buildDirty(savedMeanwhile: () => readonly string[]): Promise<Result<BuildOutcome | "superseded">> {
    if (this.isLinkDue) return this.buildAll();
    const objects = [...this.dirty];
    const abort = new AbortController();
    this.supersede = () => {
      const concerned = new Set(this.current.affectedObjects(savedMeanwhile()));
      if (objects.some((object) => concerned.has(object))) abort.abort();
    };
    const { tool } = this.project;
    const outcome = await this.build(
      objects,
      (step) => tool.buildObjects(objects, step, abort.signal),
      () => {
        this.supersede?.();
        return !abort.signal.aborted;
      },
    );
    this.supersede = undefined;
    return outcome.ok && abort.signal.aborted ? success("superseded") : outcome;
  }

  /** The paths of what a process can open while it runs. */
  private get libraries(): string[] {
    const targets = this.current.targets.filter(({ type }) => type === "SHARED_LIBRARY" || type === "MODULE_LIBRARY");
    return targets.flatMap(({ artifacts }) => artifacts.slice(0, 1));
  }

  /** Libraries that are older than what they are made of; none while they do not link. */
  get unlinkedLibraries(): readonly string[] {
    return this.isLinkBroken ? [] : this.libraries.filter((library) => this.unlinked.has(library));
  }

  /**
   * Links libraries, for processes that open them later. As buildDirty(); "superseded" if anything was saved meanwhile:
   * what is being linked is left as it was.
   */
  async link(libraries: readonly string[]): Promise<Result<BuildOutcome | "superseded">> {
    const isAsked = ({ artifacts }: Target): boolean => libraries.some((path) => artifacts.includes(path));
    const names = this.current.targets.filter(isAsked).map(({ name }) => name);
    const abort = new AbortController();
    this.supersede = () => abort.abort();
    const touched = this.current.affectedObjects([...this.touched]);
    const outcome = await this.build(touched, (step) => this.project.tool.buildTargets(names, step, abort.signal));
    this.supersede = undefined;
    if (abort.signal.aborted) await this.project.patcher.restoreModules();
    if (!outcome.ok || !outcome.value.ok) {
      this.isLinkBroken = !abort.signal.aborted;
      return abort.signal.aborted ? success("superseded") : outcome;
    }
    for (const library of libraries) this.unlinked.delete(library);
    this.builtElsewhere = false;
    const linked = await this.project.patcher.afterFullBuild();
    return linked.ok ? outcome : linked;
  }

  /** Files were saved: a build of what they concern is ended, and its objects stay dirty. */
  saved(): void {
    this.supersede?.();
  }

  /** Builds and links everything. */
  async buildAll(): Promise<Result<BuildOutcome>> {
    const objects = new Set([...this.dirty, ...this.current.affectedObjects([...this.touched])]);
    const outcome = await this.build([...objects], (step) => this.project.tool.buildAll(step));
    if (!outcome.ok || !outcome.value.ok) return outcome;
    this.isLinkDue = false;
    this.unlinked.clear();
    this.touched.clear();
    this.builtElsewhere = false;
    this.knownAt = Date.now();
    const linked = await this.project.patcher.afterFullBuild();
    return linked.ok ? outcome : linked;
  }

  /** What the compilers read in the builds since the last call: to be done before the next note(), in no hurry. */
  async refresh(): Promise<Result<void>> {
    const since = this.builtSince;
    if (since === undefined) return success(undefined);
    this.builtSince = undefined;
    const refreshed = await this.current.refreshDeps();
    if (refreshed.ok) await this.watch.setFiles(this.current.watchedFiles, since);
    return refreshed;
  }

  /** @param isWanted asked after the build: false if its objects stay dirty all the same */
  private async build(
    objects: readonly ObjectPath[],
    run: (onProgress: (progress: Progress) => void) => Promise<BuildOutcome>,
    isWanted = (): boolean => true,
  ): Promise<Result<BuildOutcome>> {
    const { patcher, tool } = this.project;
    await tool.quiet();
    this.lookAtLog(new Set());
    const started = Date.now();
    const before = await patcher.beforeBuild(objects);
    if (!before.ok) return before;
    for (const path of this.stale) rmSync(path, { force: true });
    this.stale.clear();
    const progress = new SlowProgress(objects.length, (step) => this.onProgress?.(step));
    const outcome = await run(progress.step);
    progress.end();
    const after = await patcher.afterBuild(objects);
    if (!after.ok) return after;
    const written = this.lookAtLog(new Set(objects));
    // A build that failed has done a part of its work, which need not be done again.
    if (isWanted()) this.noteBuilt(outcome.ok ? objects : objects.filter((object) => written.has(object)));
    this.builtSince ??= started;
    if (this.project.graphVersion() === this.version) return success(outcome);
    const graph = await this.project.reloadGraph();
    if (!graph.ok) return graph;
    const adopted = await this.adopt(graph.value, started);
    return adopted.ok ? success(outcome) : adopted;
  }

  private noteBuilt(objects: readonly ObjectPath[]): void {
    for (const object of objects) this.dirty.delete(object);
    if (objects.length > 0) this.isLinkBroken = false;
    const modules = new Set(objects.flatMap((object) => this.current.modulesOf(object)));
    // One that was never linked is not part of what the user builds, and nobody can open it.
    const isOld = (library: string): boolean => modules.has(library) && existsSync(library);
    for (const library of this.libraries.filter(isOld)) this.unlinked.add(library);
  }

  /**
   * What was written since the last look.
   * @param ours the objects that we built
   */
  private lookAtLog(ours: ReadonlySet<ObjectPath>): ReadonlySet<string> {
    const written = this.project.log.written();
    const artifacts = new Set(this.current.targets.flatMap((target) => target.artifacts));
    const isForeign = (output: string): boolean =>
      !ours.has(output) &&
      (this.current.modulesOf(output).length > 0 || artifacts.has(resolve(this.current.buildDir, output)));
    if (written === undefined || [...written].some(isForeign)) this.builtElsewhere = true;
    return written ?? new Set();
  }

  private async adopt(graph: BuildGraph, since: number): Promise<Result<void>> {
    const old = this.current;
    this.current = graph;
    this.version = this.project.graphVersion();
    this.project.patcher.setGraph(graph);
    for (const object of [...this.dirty]) if (graph.commandOf(object) === undefined) this.dirty.delete(object);
    for (const module of graph.targets.flatMap((target) => target.artifacts)) {
      const objects = graph.objectsOf(module);
      for (const object of objects) {
        if (old.commandOf(object) !== graph.commandOf(object)) this.dirty.add(object);
      }
      const isLinkedAsBefore =
        old.commandOf(module) === graph.commandOf(module) && sameElements(old.objectsOf(module), objects);
      if (objects.length > 0 && !isLinkedAsBefore) this.isLinkDue = true;
    }
    // Headers that CMake itself writes.
    for (const object of graph.affectedObjects(this.watch.takeProducts())) this.dirty.add(object);
    await this.watch.setFiles(graph.watchedFiles, since);
    await this.watch.watchDirectories(graph.globDirectories());
    return success(undefined);
  }
}

function timeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs;
}

function sameElements(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((element, index) => element === right[index]);
}
