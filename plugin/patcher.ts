// Keeps what every process runs, and makes the patch that brings a process to the state of the objects on disk.
import { existsSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { basename } from "node:path";
import {
  buildPatch,
  type ModuleChange,
  type ObjectChange,
  type PatchParts,
  type ProjectModule,
} from "./build_patch.js";
import { type ExportsHandle, type Introduced, type ModuleFile, readExports, readModule } from "./elf/index.js";
import { failure, type Problem, type Result, success } from "./errors.js";
import { Generations } from "./generations.js";
import type { BuildGraph, ObjectPath } from "./graph/graph.js";
import { findLinker, type Linker } from "./link.js";
import { ObjectVersions, type Version } from "./object_versions.js";
import type { AppliedLibrary, AppliedPatch, LoadedModule, ReservedRange } from "./process.js";
import { ProcessHistories, type ProcessId } from "./process_history.js";

/** A connected process as the patcher needs to know it; the newest survey counts. */
export interface ProcessView extends ProcessId {
  readonly modules: readonly LoadedModule[];
  readonly ranges: readonly ReservedRange[];
  readonly applied: readonly AppliedPatch[];
}

export interface Patch extends PatchParts {
  /** Rises within a process. */
  readonly number: number;
}

export type Update =
  | { readonly kind: "hot"; readonly patch: Patch }
  | { readonly kind: "unchanged" }
  | { readonly kind: "restartNeeded"; readonly reasons: readonly Problem[] };

type VersionsOfModule = Map<ObjectPath, Version>;

/** What a process runs beyond its modules' generations. */
interface Known {
  readonly versions: Map<string, VersionsOfModule>;
  readonly introduced: Introduced[];
}

const keyOf = (id: ProcessId): string => `${id.pid}-${id.startTime}`;

export class Patcher {
  readonly #linker: Linker;
  readonly #versions: ObjectVersions;
  readonly #generations: Generations;
  readonly #histories: ProcessHistories;
  readonly #moduleFiles = new Map<string, ModuleFile>();
  /** Versions that were compared and found the same in effect: process -> module -> object. */
  readonly #settled = new Map<string, Map<string, VersionsOfModule>>();
  readonly #exports = new Map<string, ExportsHandle>();
  #graph: BuildGraph;

  private constructor(graph: BuildGraph, linker: Linker, stores: [ObjectVersions, Generations, ProcessHistories]) {
    this.#graph = graph;
    this.#linker = linker;
    [this.#versions, this.#generations, this.#histories] = stores;
  }

  /** @param stateDir `<build>/.hotreload`, 0700. Errors: E_TOOL. */
  static async open(graph: BuildGraph, stateDir: string): Promise<Result<Patcher>> {
    const linker = await findLinker();
    if (!linker.ok) return linker;
    const versions = await ObjectVersions.open(stateDir, (object) => graph.resolve(object));
    const generations = await Generations.open(stateDir);
    const histories = await ProcessHistories.open(stateDir);
    return success(new Patcher(graph, linker.value, [versions, generations, histories]));
  }

  /** The graph was loaded anew. */
  setGraph(graph: BuildGraph): void {
    this.#graph = graph;
    this.#versions.setResolver((object) => graph.resolve(object));
  }

  /** Call before ninja builds these objects: sets the present files aside, since processes run their code. */
  beforeBuild(objects: readonly ObjectPath[]): Promise<Result<void>> {
    return this.#versions.setAside(objects);
  }

  /** Call after ninja ended, however it ended: what it did not write is put back. */
  async afterBuild(objects: readonly ObjectPath[]): Promise<Result<void>> {
    await this.#versions.settle(objects);
    return success(undefined);
  }

  /** Call after a full build that linked all modules, before the program starts. Errors: E_ELF, E_STRIPPED. */
  async afterFullBuild(): Promise<Result<void>> {
    const modules = this.#moduleTargets();
    await this.#versions.refresh([...new Set(modules.flatMap((module) => this.#graph.objectsOf(module)))]);
    const added = [];
    for (const module of modules) {
      const file = await readModule(module);
      if (!file.ok) {
        if (file.problem.code === "E_STRIPPED") return file;
        continue; // not built: it is not part of what was asked for
      }
      this.#moduleFiles.set(`${module}\n${file.value.buildId}`, file.value);
      const objects = this.#graph.objectsOf(module).map((object) => [object, this.#versions.current(object)] as const);
      added.push({ module, buildId: file.value.buildId, objects: Object.fromEntries(objects) });
    }
    await this.#generations.add(added);
    return success(undefined);
  }

  #moduleTargets(): string[] {
    const kinds = new Set(["EXECUTABLE", "SHARED_LIBRARY", "MODULE_LIBRARY"]);
    const paths = this.#graph.targets.filter((target) => kinds.has(target.type)).flatMap((target) => target.artifacts);
    return [...new Set(paths)].filter((path) => this.#graph.objectsOf(path).length > 0);
  }

  /** True if the module is one that the project links. */
  isProjectModule(module: Pick<LoadedModule, "path">): boolean {
    return this.#graph.objectsOf(module.path).length > 0;
  }

  /** What would bring this process to the state of the objects on disk. Nothing changes in the process. */
  async update(process: ProcessView): Promise<Update> {
    const known = this.#known(process);
    if (!known) {
      return restart("E_BASELINE", "patches are loaded in the process that this dev server does not know of");
    }
    const changes: ModuleChange[] = [];
    for (const module of process.modules.filter((module) => this.isProjectModule(module))) {
      const change = await this.#changeOf(process, module, known);
      if (!change.ok) return { kind: "restartNeeded", reasons: [change.problem] };
      if (change.value.objects.length > 0) changes.push(change.value);
    }
    if (changes.length === 0) return { kind: "unchanged" };

    const number = (process.applied.at(-1)?.patch ?? 0) + 1;
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
    });
    if (outcome.kind === "restartNeeded") return outcome;
    const versions = Object.fromEntries(
      changes.map((change) => [change.path, Object.fromEntries(change.objects.map((o) => [o.id, o.version]))]),
    );
    if (outcome.kind === "unchanged" || outcome.parts.libraries.length === 0) {
      this.#settle(process, versions);
      if (outcome.kind === "unchanged") return outcome;
    } else {
      await this.#histories.add(process, {
        number,
        versions,
        introduced: outcome.introduced,
        libraryNames: outcome.libraryNames,
      });
    }
    return { kind: "hot", patch: { number, ...outcome.parts } };
  }

  /** The process acknowledged the patch. Errors: E_BASELINE. */
  async commit(process: ProcessView, patch: Patch, libraries: readonly AppliedLibrary[]): Promise<Result<void>> {
    const found = await this.#histories.acknowledge(process, patch.number, libraries);
    if (!found) return failure("E_BASELINE", `patch ${patch.number} was not made here`);
    await this.#dropUnneeded();
    return success(undefined);
  }

  /** The process is gone: forgets it and deletes its patch files. */
  async forget(process: ProcessId): Promise<void> {
    this.#settled.delete(keyOf(process));
    await this.#histories.forget(process);
    await this.#dropUnneeded();
  }

  #known(process: ProcessView): Known | undefined {
    const records = this.#histories.of(process, process.applied);
    if (!records) return undefined;
    const versions = new Map<string, VersionsOfModule>();
    const take = (module: string, entries: Iterable<[ObjectPath, Version]>) => {
      const known = versions.get(module) ?? new Map<ObjectPath, Version>();
      for (const [object, version] of entries) known.set(object, Math.max(version, known.get(object) ?? 0));
      versions.set(module, known);
    };
    for (const record of records) {
      for (const [module, entries] of Object.entries(record.versions)) take(module, Object.entries(entries));
    }
    for (const [module, entries] of this.#settled.get(keyOf(process)) ?? []) take(module, entries);
    return { versions, introduced: records.flatMap((record) => record.introduced) };
  }

  /** The objects of a module that the process runs in another version than the one on disk. */
  async #changeOf(process: ProcessView, module: LoadedModule, known: Known): Promise<Result<ModuleChange>> {
    const generation = this.#generations.find(module.path, module.buildId);
    if (!generation) {
      return failure("E_OTHER_BUILD", "was linked by another build than the ones known here: restart the program", {
        file: module.path,
      });
    }
    const objects: ObjectChange[] = [];
    for (const id of this.#graph.objectsOf(module.path)) {
      const version = this.#versions.current(id);
      const linked = generation.objects[id];
      const applied = known.versions.get(module.path)?.get(id) ?? linked;
      if (version === applied || !existsSync(this.#graph.resolve(id))) continue;
      const before = applied === undefined ? null : this.#versions.fileOf(id, applied);
      const original = linked === undefined ? null : this.#versions.fileOf(id, linked);
      if (before === undefined || original === undefined) {
        return failure("E_BASELINE", "was rebuilt by something else: what the process runs of it is not known", {
          file: id,
        });
      }
      objects.push({ id, version, before, original, after: this.#graph.resolve(id) });
    }
    const space = freeSpace(process, module);
    if (objects.length > 0 && !space) {
      return failure("E_RANGE", "has no address range reserved near it", { file: module.path });
    }
    return success({ path: module.path, start: space?.start ?? 0, room: space?.room ?? 0, objects });
  }

  /** Bytes that are left for patches near a module; the dev server reserves more when they run low. */
  roomNear(process: ProcessView, module: LoadedModule): number {
    return freeSpace(process, module)?.room ?? 0;
  }

  async #projectModules(process: ProcessView): Promise<Result<ProjectModule[]>> {
    const found: ProjectModule[] = [];
    for (const module of process.modules.filter((module) => this.isProjectModule(module))) {
      const key = `${module.path}\n${module.buildId}`;
      let file = this.#moduleFiles.get(key);
      if (!file) {
        // Another dev server linked it. The file on disk may be a newer one: the process still has its own.
        const read = await readModule(found.length === 0 ? `/proc/${process.pid}/exe` : module.path);
        if (!read.ok) return read;
        if (read.value.buildId !== module.buildId) {
          return failure("E_OTHER_BUILD", "was linked anew while the process runs the old one", { file: module.path });
        }
        file = read.value;
        this.#moduleFiles.set(key, file);
      }
      found.push({ path: module.path, buildId: module.buildId, bias: module.bias, tlsModule: module.tlsModule, file });
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

  #settle(process: ProcessId, versions: Readonly<Record<string, Readonly<Record<ObjectPath, Version>>>>): void {
    const settled = this.#settled.get(keyOf(process)) ?? new Map<string, VersionsOfModule>();
    for (const [module, entries] of Object.entries(versions)) {
      settled.set(module, new Map([...(settled.get(module) ?? []), ...Object.entries(entries)]));
    }
    this.#settled.set(keyOf(process), settled);
  }

  /** Of the versions set aside, those stay that a process runs, or that a module was linked from. */
  async #dropUnneeded(): Promise<void> {
    const needed = this.#histories.newest();
    for (const generation of this.#generations.all) {
      for (const [object, version] of Object.entries(generation.objects)) needed.add(`${object}@${version}`);
    }
    for (const modules of this.#settled.values()) {
      for (const entries of modules.values()) {
        for (const [object, version] of entries) needed.add(`${object}@${version}`);
      }
    }
    await this.#versions.keepOnly((object, version) => needed.has(`${object}@${version}`));
  }
}

const PAGE = 4096;

/** The reserved range near a module with the most room behind the patches that lie in it. */
function freeSpace(process: ProcessView, module: LoadedModule): { start: number; room: number } | undefined {
  let best: { start: number; room: number } | undefined;
  for (const range of process.ranges.filter((range) => range.near === module.start)) {
    const libraries = process.applied.flatMap((patch) => patch.libraries);
    const inside = libraries.filter((l) => l.start >= range.start && l.start < range.start + range.size);
    const start = Math.max(range.start, ...inside.map((l) => Math.ceil((l.start + l.size) / PAGE) * PAGE));
    const room = range.start + range.size - start;
    if (!best || room > best.room) best = { start, room };
  }
  return best;
}

function restart(code: Problem["code"], message: string): Update {
  return { kind: "restartNeeded", reasons: [{ code, message }] };
}

/** @param stateDir `<build>/.hotreload`, 0700. Errors: E_TOOL. */
export const openPatcher = (graph: BuildGraph, stateDir: string): Promise<Result<Patcher>> =>
  Patcher.open(graph, stateDir);
