// Keeps what every process runs, and makes the patch that brings a process to the state of the objects on disk.
import { mkdir, rm } from "node:fs/promises";
import { basename } from "node:path";
import {
  buildPatch,
  type ModuleChange,
  type ObjectChange,
  type PatchParts,
  type ProjectModule,
} from "./build_patch.js";
import { readCompileCommand } from "./compile_command.js";
import { diskFull } from "./disk_full.js";
import { type ExportsHandle, readExports } from "./elf/index.js";
import { failure, type Problem, type Result, success } from "./errors.js";
import type { Generations } from "./generations.js";
import type { BuildGraph, ObjectPath } from "./graph/graph.js";
import { KeptBuild } from "./kept_build.js";
import { findLinker, type Linker } from "./link.js";
import type { ModuleFiles } from "./module_files.js";
import type { NinjaLog } from "./ninja_log.js";
import { isIntact, type ObjectVersions, type Version } from "./object_versions.js";
import { followCode, type OldCode } from "./old_code.js";
import type { AppliedLibrary, AppliedPatch, LoadedModule, ReservedRange, Standing } from "./process.js";
import { type PatchRecord, ProcessHistories, type ProcessId, UNDO_REACH } from "./process_history.js";
import { type Known, ProcessUnits, type UnitsOfModule, unitsIn } from "./process_units.js";
import type { ProjectModules } from "./project_modules.js";
import { RunningModules } from "./running_modules.js";
import { matchUnits, type Unit, type UnitKey } from "./translation_units.js";

/** A connected process as the patcher needs to know it; the newest survey counts. */
export interface ProcessView extends ProcessId {
  readonly modules: readonly LoadedModule[];
  readonly ranges: readonly ReservedRange[];
  readonly applied: readonly AppliedPatch[];
}

export interface Patch extends PatchParts {
  /** What frames that stand on a stack may still run. */
  readonly oldCode: readonly OldCode[];
  /** Rises within a process. */
  readonly number: number;
  /** It has functions that only moved, which can be left out: update(process, false). */
  readonly lined: boolean;
}

export type Update =
  | { readonly kind: "hot"; readonly patch: Patch }
  | { readonly kind: "unchanged"; readonly notes?: readonly string[] }
  | { readonly kind: "restartNeeded"; readonly reasons: readonly Problem[] }
  /** Nothing is known against the change, but the patch could not be made: E_DISK. */
  | { readonly kind: "failed"; readonly problem: Problem };

/** One of the patches of a process. */
export interface PatchOfProcess {
  readonly patch: number;
  readonly standing: Standing;
  /** That it changed or brought, as far as it is known. */
  readonly functions: readonly string[];
}

/** The next patch in one of the two directions. */
export interface Turn {
  readonly number: number;
  /** That the patch replaced. */
  readonly functions: readonly string[];
}

export class Patcher {
  readonly #linker: Linker;
  readonly #build: KeptBuild;
  readonly #versions: ObjectVersions;
  readonly #generations: Generations;
  readonly #histories: ProcessHistories;
  readonly #modules: ProjectModules;
  readonly #files: ModuleFiles;
  readonly #units: ProcessUnits;
  readonly #exports = new Map<string, ExportsHandle>();
  readonly #running: RunningModules;
  #graph: BuildGraph;

  private constructor(
    graph: BuildGraph,
    linker: Linker,
    build: KeptBuild,
    histories: ProcessHistories,
    running: RunningModules,
  ) {
    this.#graph = graph;
    this.#linker = linker;
    this.#build = build;
    this.#versions = build.versions;
    this.#generations = build.generations;
    this.#modules = build.modules;
    this.#files = build.files;
    this.#histories = histories;
    this.#running = running;
    this.#units = new ProcessUnits(histories, running);
  }

  /** @param stateDir `<build>/.hotreload`, 0700. Errors: E_TOOL. */
  static async open(graph: BuildGraph, stateDir: string, log: NinjaLog): Promise<Result<Patcher>> {
    const linker = await findLinker();
    if (!linker.ok) return linker;
    const build = await KeptBuild.open(graph, stateDir, log);
    const histories = await ProcessHistories.open(stateDir);
    const running = await RunningModules.open(stateDir);
    return success(new Patcher(graph, linker.value, build, histories, running));
  }

  /** The graph was loaded anew. */
  setGraph(graph: BuildGraph): void {
    this.#graph = graph;
    this.#build.setGraph(graph);
  }

  /** Call before ninja builds these objects, see KeptBuild. */
  beforeBuild(objects: readonly ObjectPath[]): Promise<Result<void>> {
    return this.#build.beforeBuild(objects);
  }

  /** Call after ninja ended, however it ended. Errors: E_BASELINE. */
  afterBuild(objects: readonly ObjectPath[]): Promise<Result<void>> {
    return this.#build.afterBuild(objects);
  }

  /** Call after a build that may have written anything. Errors: E_STRIPPED, E_BASELINE. */
  afterFullBuild(): Promise<Result<void>> {
    return this.#build.afterFullBuild(this.#running.buildIds);
  }

  /** Call after a link that was broken off. */
  restoreModules(): Promise<void> {
    return this.#build.restoreModules();
  }

  /** True if the module is one that the project links. */
  isProjectModule(module: LoadedModule): boolean {
    return this.#modules.pathOf(module) !== undefined;
  }

  /** True if the process has loaded this module of the project. */
  hasLoaded(process: Pick<ProcessView, "modules">, module: string): boolean {
    return process.modules.some((loaded) => this.#modules.pathOf(loaded) === module);
  }

  /**
   * What would bring this process to the state of the objects on disk. Nothing changes in the process.
   * @param lines also those of functions that only moved, for debuggers
   */
  async update(process: ProcessView, lines = true): Promise<Update> {
    try {
      const update = await this.#makeUpdate(process, lines);
      const full =
        update.kind === "restartNeeded" ? update.reasons.map(diskFull).find((problem) => problem) : undefined;
      return full === undefined ? update : { kind: "failed", problem: full };
    } catch (error) {
      const full = diskFull(error);
      if (full === undefined) throw error;
      return { kind: "failed", problem: full };
    }
  }

  async #makeUpdate(process: ProcessView, lines: boolean): Promise<Update> {
    const loaded = this.#modules.among(process.modules);
    const buildIds = new Map(loaded.map(({ path, buildId }) => [path, buildId]));
    await this.#units.noteRunning(process, buildIds);
    const known = this.#units.of(process, buildIds);
    if (!known) {
      return restart("E_BASELINE", "patches are loaded in the process that this dev server does not know of");
    }
    const changes: ModuleChange[] = [];
    for (const module of loaded) {
      const change = await this.#changeOf(process, module, known);
      if (!change.ok) return { kind: "restartNeeded", reasons: [change.problem] };
      if (change.value.objects.length > 0) changes.push(change.value);
    }
    if (changes.length === 0) return { kind: "unchanged" };
    if (buildIds.size < loaded.length) {
      const paths = loaded.map(({ path }) => path);
      const twice = paths.find((path, index) => paths.indexOf(path) < index);
      return restart("E_OTHER_BUILD", `${twice} is loaded twice in the process, as two files`);
    }

    const number = this.#histories.nextNumber(process, process.applied);
    const directory = this.#histories.patchDirectory(process, number);
    await rm(directory, { recursive: true, force: true });
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const modules = await this.#projectModules(process);
    if (!modules.ok) return { kind: "restartNeeded", reasons: [modules.problem] };
    const outcome = await buildPatch({
      linker: this.#linker,
      directory,
      modules: modules.value,
      introduced: known.introduced,
      exports: await this.#exportsOf(process),
      changes,
      commandOf: (object) => readCompileCommand(this.#graph.buildDir, this.#graph.resolve(object)),
      lines,
    });
    if (outcome.kind === "restartNeeded") return outcome;
    const compared = changes.flatMap(({ objects }) => objects);
    const destroyed = compared.find(({ before, original, after }) =>
      [before, original, after].some((file) => file !== null && !isIntact(file)),
    );
    if (destroyed) return restart("E_BASELINE", `${destroyed.id} was written over in place while it was compared`);
    const removed = { ...known.removed, ...outcome.removed };
    if (outcome.kind === "unchanged") {
      this.#units.settle(process, changes, number - 1, removed);
      return { kind: "unchanged", notes: outcome.notes };
    }
    const perModule = <T>(
      pick: (object: ObjectChange) => readonly [ObjectPath, T][],
    ): Record<string, Record<ObjectPath, T>> =>
      Object.fromEntries(changes.map(({ path, objects }) => [path, Object.fromEntries(objects.flatMap(pick))]));
    const versions = perModule(({ id, version }) => [[id, version]]);
    const units = perModule(({ id, unit }) => (id === unit ? [] : [[id, unit]]));
    const { introduced, libraryNames } = outcome;
    const functions = [...outcome.parts.functions, ...outcome.parts.addedFunctions];
    const { code, old } = followCode(outcome.redirects, known.code);
    const record = {
      number,
      buildIds: Object.fromEntries(buildIds),
      versions,
      units,
      introduced,
      libraryNames,
      functions,
      removed,
      code,
    };
    await this.#histories.add(process, record);
    return { kind: "hot", patch: { number, ...outcome.parts, oldCode: old, lined: outcome.lined } };
  }

  /** The process acknowledged the patch. Errors: E_BASELINE. */
  async commit(process: ProcessView, patch: Patch, libraries: readonly AppliedLibrary[]): Promise<Result<void>> {
    const record = await this.#histories.acknowledge(process, patch.number, libraries);
    if (!record) return failure("E_BASELINE", `patch ${patch.number} was not made here`);
    this.#units.applied(process, record);
    this.#dropUnneeded();
    await this.#histories.dropSuperseded(process, process.applied);
    return success(undefined);
  }

  /** What is applied to a process, in the order in which it came. */
  patchesOf(process: ProcessView): PatchOfProcess[] {
    const records = this.#histories.of(process, process.applied);
    return process.applied.map(({ patch, standing }, index) => {
      return { patch, standing, functions: records?.[index]?.functions ?? [] };
    });
  }

  /** True if the files that the process was loaded from are still there: started again, it is what it was at its start. */
  async isAsLinked(process: Pick<ProcessView, "modules">): Promise<boolean> {
    for (const { path, buildId } of this.#modules.among(process.modules)) {
      const file = await this.#files.onDisk(path, this.#generations.find(path, buildId)?.objects ?? {});
      if (!file.ok || file.value.buildId !== buildId) return false;
    }
    return true;
  }

  /** Where the file may be that a module of the project was loaded from; undefined for one of others. */
  filesOf(module: LoadedModule): readonly string[] | undefined {
    const path = this.#modules.pathOf(module);
    return path === undefined ? undefined : [this.#generations.fileOf({ module: path, buildId: module.buildId }), path];
  }

  /** Which patch is undone or redone next. Nothing changes. Errors: E_UNDO. */
  turn(process: ProcessView, way: "undo" | "redo"): Result<Turn> {
    const { applied } = process;
    const patch =
      way === "undo"
        ? applied.findLast(({ standing }) => standing === "standing")
        : applied.find(({ standing }) => standing === "undone");
    if (!patch) return failure("E_UNDO", `process ${process.pid} has nothing to ${way}`);
    if (way === "undo" && applied.length - applied.indexOf(patch) > UNDO_REACH) {
      return failure(
        "E_UNDO",
        `process ${process.pid} can undo its last ${UNDO_REACH} patches, and patch ${patch.patch} is older`,
      );
    }
    const record = this.#histories.of(process, applied)?.[applied.indexOf(patch)];
    if (!record) return failure("E_UNDO", `patch ${patch.patch} of process ${process.pid} was not made here`);
    return success({ number: record.number, functions: record.functions });
  }

  /** The process undid or redid the patch: what was found the same as it counts no more. */
  async turned(process: ProcessView, number: number): Promise<void> {
    const index = process.applied.findIndex(({ patch }) => patch === number);
    const patch = process.applied[index];
    const record = this.#histories.of(process, process.applied)?.[index];
    if (patch) await this.#histories.noteUndone(process, patch);
    this.#units.turned(process, record);
  }

  /** A process connected. Without patches it may be another program in the same process (exec): nothing of before counts. */
  greet(process: ProcessView): void {
    if (process.applied.length === 0) this.#units.forget(process);
  }

  /** These processes are gone: forgets them and deletes their patch files, unless their children have them loaded. */
  async forget(processes: readonly ProcessId[]): Promise<void> {
    if (processes.length === 0) return;
    for (const process of processes) {
      this.#units.forget(process);
      this.#running.delete(process);
    }
    await this.#histories.forget(processes);
    this.#dropUnneeded();
  }

  /** The same for all that are gone, whether anybody said so or not: before the dev server ends. */
  async forgetEnded(): Promise<void> {
    await this.forget(await this.#histories.ended());
  }

  /** The objects of a module that the process runs in another version than the one on disk. */
  async #changeOf(process: ProcessView, module: LoadedModule, known: Known): Promise<Result<ModuleChange>> {
    const generation = this.#generations.find(module.path, module.buildId);
    if (!generation) {
      return failure("E_OTHER_BUILD", "was linked by another build than the ones known here: restart the program", {
        file: module.path,
      });
    }
    const linked = Object.entries(generation.objects).map(
      ([object, version]) => [object, { object, version }] as const,
    );
    const units: UnitsOfModule = new Map([...linked, ...(known.units.get(module.path) ?? [])]);
    const listed = this.#graph.objectsOf(module.path);
    const matched = await matchUnits(units, listed, {
      fileOf: ({ object, version }) => this.#versions.fileOf(object, version),
      current: (object) => this.#currentUnit(object),
    });
    if (!matched.ok) return matched;
    const objects: ObjectChange[] = [];
    for (const id of listed) {
      const present = this.#currentUnit(id);
      const unit = matched.value.keys.get(id);
      if (present === undefined || unit === undefined) continue;
      const applied = units.get(unit);
      if (applied?.object === id && applied.version === present.version) continue;
      const original = generation.objects[unit];
      const lined = known.lines.get(module.path)?.get(unit);
      const files = {
        before: applied === undefined ? null : this.#versions.fileOf(applied.object, applied.version),
        original: original === undefined ? null : this.#versions.fileOf(unit, original),
        after: this.#versions.fileOf(id, present.version),
      };
      const { before, original: linkedFile, after } = files;
      if (before === undefined || linkedFile === undefined || after === undefined) {
        return failure("E_BASELINE", "was written over in place: what the process runs of it is not known", {
          file: id,
        });
      }
      const undone = this.#undoneFiles(known.undone, module.path, unit, [present.version, applied?.version]);
      if (!undone) return failure("E_BASELINE", "of a patch that was undone is not kept", { file: id });
      const lines = (lined ? this.#versions.fileOf(lined.object, lined.version) : linkedFile) ?? null;
      objects.push({ id, unit, version: present.version, before, original: linkedFile, lines, after, undone });
    }
    const space = freeSpace(process, module);
    if (objects.length > 0 && !space) {
      return failure("E_RANGE", "has no address range reserved near it", { file: module.path });
    }
    const changed = new Set(objects.map(({ id }) => id));
    const others = (): string[] => {
      const units = listed.flatMap((id) => (changed.has(id) ? [] : (this.#currentUnit(id) ?? [])));
      return units.flatMap(({ object, version }) => this.#versions.fileOf(object, version) ?? []);
    };
    const removed = known.removed[module.path] ?? [];
    const { start, room } = space ?? { start: 0, room: 0 };
    return success({ path: module.path, start, room, objects, gone: matched.value.gone, removed, others });
  }

  /** The unit in the versions that undone patches had of it, but for the known ones; undefined if one is not kept. */
  #undoneFiles(
    undone: readonly PatchRecord[],
    module: string,
    unit: UnitKey,
    known: readonly (Version | undefined)[],
  ): string[] | undefined {
    const versions = undone.flatMap((record) => [...unitsIn(record, module)].filter(([key]) => key === unit));
    const others = versions.filter(([, { version }]) => !known.includes(version));
    const files = others.map(([, { object, version }]) => this.#versions.fileOf(object, version));
    return files.every((file) => file !== undefined) ? [...new Set(files)] : undefined;
  }

  #currentUnit(object: ObjectPath): Unit | undefined {
    const version = this.#versions.current(object);
    return version === undefined ? undefined : { object, version };
  }

  /** Bytes that are left for patches near a module; the dev server reserves more when they run low. */
  roomNear(process: ProcessView, module: LoadedModule): number {
    return freeSpace(process, module)?.room ?? 0;
  }

  async #projectModules(process: ProcessView): Promise<Result<ProjectModule[]>> {
    const found: ProjectModule[] = [];
    for (const module of this.#modules.among(process.modules)) {
      const file = await this.#files.loaded(process.pid, module);
      if (!file.ok) return file;
      const { path, buildId, bias, tlsModule } = module;
      found.push({ path, buildId, bias, tlsModule, file: file.value });
    }
    return success(found);
  }

  async #exportsOf(process: ProcessView): Promise<ExportsHandle> {
    const libraries = process.modules.filter((module) => this.#isLinkable(module)).map((module) => module.path);
    const key = libraries.join("\n");
    const exports = this.#exports.get(key) ?? (await readExports(libraries));
    this.#exports.set(key, exports);
    return exports;
  }

  /** What the linker may take versions of symbols from: all that is loaded but the project's own and the agent. */
  #isLinkable(module: LoadedModule): boolean {
    const name = basename(module.path);
    return /\.so(\.|$)/.test(name) && !this.isProjectModule(module) && !name.startsWith("libhotreload");
  }

  /** Of the versions that are kept, those stay that a process runs, or that a module was linked from. */
  #dropUnneeded(): void {
    const needed = this.#histories.needed();
    const { settled } = this.#units;
    this.#versions.keepOnly(
      (object, version) =>
        needed.has(`${object}@${version}`) ||
        settled.some((unit) => unit.object === object && unit.version === version) ||
        this.#generations.all.some((generation) => generation.objects[object] === version),
    );
  }
}

const PAGE = 4096;

/** The reserved range near a module with the most room behind the patches that lie in it. */
function freeSpace(process: ProcessView, module: LoadedModule): { start: number; room: number } | undefined {
  let best: { start: number; room: number } | undefined;
  for (const range of process.ranges.filter((range) => range.near === module.start)) {
    let { start } = range;
    // There may be thousands of patches.
    for (const { libraries } of process.applied) {
      for (const library of libraries) {
        const isInside = library.start >= range.start && library.start < range.start + range.size;
        if (isInside) start = Math.max(start, Math.ceil((library.start + library.size) / PAGE) * PAGE);
      }
    }
    const room = range.start + range.size - start;
    if (!best || room > best.room) best = { start, room };
  }
  return best;
}

function restart(code: Problem["code"], message: string): Update {
  return { kind: "restartNeeded", reasons: [{ code, message }] };
}

/** @param stateDir `<build>/.hotreload`, 0700. Errors: E_TOOL. */
export const openPatcher = (graph: BuildGraph, stateDir: string, log: NinjaLog): Promise<Result<Patcher>> =>
  Patcher.open(graph, stateDir, log);
