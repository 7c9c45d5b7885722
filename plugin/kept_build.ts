// What builds wrote: each version of an object, and which of them each module was linked from. Whoever built.
import { statSync } from "node:fs";
import { relative } from "node:path";
import { type Result, success } from "./errors.js";
import { Generations } from "./generations.js";
import type { BuildGraph, ObjectPath } from "./graph/graph.js";
import { ModuleFiles } from "./module_files.js";
import type { NinjaLog } from "./ninja_log.js";
import { ObjectVersions, timeOf, type Version } from "./object_versions.js";
import { ProjectModules } from "./project_modules.js";

export class KeptBuild {
  readonly versions: ObjectVersions;
  readonly generations: Generations;
  readonly modules: ProjectModules;
  readonly files: ModuleFiles;
  /** Module -> inode, time and size of its file when it was last recorded. */
  readonly #linked = new Map<string, string>();
  readonly #log: NinjaLog;
  #graph: BuildGraph;

  private constructor(graph: BuildGraph, log: NinjaLog, versions: ObjectVersions, generations: Generations) {
    this.#graph = graph;
    this.#log = log;
    this.versions = versions;
    this.generations = generations;
    this.modules = new ProjectModules(graph, generations);
    this.files = new ModuleFiles(generations, versions);
  }

  /** @param stateDir `<build>/.hotreload`, 0700 */
  static async open(graph: BuildGraph, stateDir: string, log: NinjaLog): Promise<KeptBuild> {
    const versions = ObjectVersions.open(stateDir, (object) => graph.resolve(object));
    return new KeptBuild(graph, log, versions, await Generations.open(stateDir));
  }

  get graph(): BuildGraph {
    return this.#graph;
  }

  /** The graph was loaded anew. */
  setGraph(graph: BuildGraph): void {
    this.#graph = graph;
    this.modules.setGraph(graph);
    this.versions.setResolver((object) => graph.resolve(object));
  }

  /** Call before ninja builds these objects: takes the present files away, so that it builds them anew. */
  async beforeBuild(objects: readonly ObjectPath[]): Promise<Result<void>> {
    return this.versions.setAside(objects);
  }

  /** Call after ninja ended, however it ended: what it did not write is put back. Errors: E_BASELINE. */
  async afterBuild(objects: readonly ObjectPath[]): Promise<Result<void>> {
    return this.versions.settle(objects);
  }

  /**
   * Call after a build that may have written anything, ours or another's, when no ninja runs: takes over what lies in
   * the build tree, objects and modules. Errors: E_STRIPPED, E_BASELINE.
   * @param running build-ids of modules that processes run
   */
  async afterFullBuild(running: ReadonlySet<string>): Promise<Result<void>> {
    const modules = this.modules.paths;
    const kept = this.versions.keep([...new Set(modules.flatMap((module) => this.#graph.objectsOf(module)))]);
    if (!kept.ok) return kept;
    const added = [];
    for (const module of modules) {
      const linked = statSync(module, { bigint: true, throwIfNoEntry: false });
      if (linked === undefined) continue; // it is not part of what was asked for
      const stamp = `${linked.ino}-${linked.mtimeNs}-${linked.size}`;
      if (this.#linked.get(module) === stamp) continue;
      const objects = this.#linkedObjects(module, linked.mtimeNs);
      // Another build was broken off between an object and its module, or the file was copied there from elsewhere:
      // only the next link says what is in it.
      if (!objects || !this.#log.vouchesFor(relative(this.#graph.buildDir, module), linked.mtimeNs)) continue;
      const file = await this.files.onDisk(module, objects);
      if (!file.ok) {
        if (file.problem.code === "E_STRIPPED") return file;
        continue;
      }
      this.#linked.set(module, stamp);
      added.push({ module, buildId: file.value.buildId, objects });
    }
    await this.generations.add(added, (buildId) => running.has(buildId));
    this.versions.forgetOthers(this.generations.all.flatMap((generation) => Object.keys(generation.objects)));
    return success(undefined);
  }

  /** Call after a link that was broken off. */
  restoreModules(): Promise<void> {
    return this.modules.restore();
  }

  /** The versions that a module was linked from, undefined if one of its objects was built after the link. */
  #linkedObjects(module: string, linkedNs: bigint): Record<ObjectPath, Version> | undefined {
    const objects: Record<ObjectPath, Version> = {};
    for (const object of this.#graph.objectsOf(module)) {
      const version = this.versions.current(object);
      if (version === undefined || timeOf(version) > linkedNs) return undefined;
      objects[object] = version;
    }
    return objects;
  }
}
