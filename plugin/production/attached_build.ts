// The build that an unprepared process was linked in, taken exactly as it is: no flags of ours, and no link.
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { type BuildOutcome, Ninja } from "../build.js";
import { readModule } from "../elf/index.js";
import { failure, type Result, success } from "../errors.js";
import { readCache } from "../graph/cmake_cache.js";
import type { BuildGraph, ObjectPath } from "../graph/graph.js";
import { loadGraph } from "../graph/load.js";
import { KeptBuild } from "../kept_build.js";
import { NinjaLog } from "../ninja_log.js";
import type { Version } from "../object_versions.js";
import { configuredAt } from "../settled_graph.js";
import type { RunningModule } from "./process_patches.js";
import { sectionNames } from "./section_names.js";

/** A module of the build that the process has loaded. */
export interface AttachedModule {
  /** As the build has it. */
  readonly path: string;
  readonly buildId: string;
  /** The file as it was linked, whatever the build links meanwhile. */
  readonly file: string;
  /** The objects as they were linked into it. */
  readonly objects: Readonly<Record<ObjectPath, Version>>;
}

/** True for a directory that CMake configured for Ninja. */
export const isBuildDirectory = (directory: string): boolean =>
  ["build.ninja", "CMakeCache.txt"].every((name) => existsSync(join(directory, name)));

/** The nearest one above a program; undefined if there is none. */
export function findBuildDirectory(program: string): string | undefined {
  for (let directory = dirname(program); ; directory = dirname(directory)) {
    if (isBuildDirectory(directory)) return directory;
    if (directory === dirname(directory)) return undefined;
  }
}

export class AttachedBuild {
  readonly tool: Ninja;
  readonly log: NinjaLog;
  readonly graph: BuildGraph;
  readonly kept: KeptBuild;
  readonly #running: ReadonlySet<string>;

  private constructor(tool: Ninja, log: NinjaLog, kept: KeptBuild, running: ReadonlySet<string>) {
    this.tool = tool;
    this.log = log;
    this.graph = kept.graph;
    this.kept = kept;
    this.#running = running;
  }

  /**
   * Keeps all objects and modules as they are now. Nothing is built.
   * @param buildDir real path
   * @param running build-ids of what the process has loaded
   * Errors: those of loadGraph, E_STRIPPED, E_BASELINE.
   */
  static async open(
    buildDir: string,
    running: ReadonlySet<string>,
    signal: AbortSignal,
    onWait: (pid: number) => void,
  ): Promise<Result<AttachedBuild>> {
    const tool = new Ninja(buildDir, readCache(buildDir).get("CMAKE_MAKE_PROGRAM") || "ninja", signal, onWait);
    await tool.quiet();
    const graph = await loadGraph(buildDir, "linker-rules");
    if (!graph.ok) return graph;
    const log = new NinjaLog(join(buildDir, ".ninja_log"));
    log.written();
    const kept = await KeptBuild.open(graph.value, join(buildDir, ".hotreload"), log);
    const build = new AttachedBuild(tool, log, kept, running);
    const recorded = await kept.afterFullBuild(running);
    return recorded.ok ? success(build) : recorded;
  }

  /** What BuildTree needs of a project. Nothing is ever linked: the program that runs would lose its file. */
  asProject() {
    const { tool, kept, graph } = this;
    const buildDir = graph.buildDir;
    const refuse = async (): Promise<BuildOutcome> => ({ ok: false, ms: 0, output: NO_LINK, built: 0 });
    return {
      graph,
      log: this.log,
      tool: {
        buildObjects: tool.buildObjects.bind(tool),
        quiet: () => tool.quiet(),
        buildAll: refuse,
        buildTargets: refuse,
      },
      patcher: {
        setGraph: (moved: BuildGraph) => kept.setGraph(moved),
        beforeBuild: (objects: readonly ObjectPath[]) => kept.beforeBuild(objects),
        afterBuild: (objects: readonly ObjectPath[]) => kept.afterBuild(objects),
        afterFullBuild: () => kept.afterFullBuild(this.#running),
        restoreModules: () => kept.restoreModules(),
      },
      /** Ninja runs CMake by itself where an input of CMake changed. */
      reconfigure: async (): Promise<Result<BuildGraph>> => {
        const outcome = await tool.buildTargets(["build.ninja"]);
        if (!outcome.ok)
          return failure("E_CONFIGURE", "CMake could not run again", { detail: outcome.output.trimEnd() });
        return loadGraph(buildDir, "linker-rules");
      },
      reloadGraph: () => loadGraph(buildDir, "linker-rules"),
      graphVersion: () => configuredAt(buildDir),
      /** Ninja looks at the globs itself, when it runs. */
      globsDiffer: async (): Promise<Result<boolean>> => success(false),
    };
  }

  /**
   * Those of the process's modules that this build linked.
   * Errors: E_OTHER_BUILD (linked anew since the process was started), E_BASELINE (an object is not the one that was
   * linked), E_PROJECT (none is of this build).
   */
  async modulesOf(loaded: readonly RunningModule[]): Promise<Result<AttachedModule[]>> {
    const { generations, modules } = this.kept;
    const paths = new Set(modules.paths);
    const found: AttachedModule[] = [];
    for (const { path, buildId } of loaded) {
      const linked = buildId === "" ? undefined : generations.all.find((known) => known.buildId === buildId);
      if (linked !== undefined && paths.has(linked.module)) {
        found.push({ path: linked.module, buildId, file: generations.fileOf(linked), objects: linked.objects });
      } else if (paths.has(path.replace(/ \(deleted\)$/, ""))) {
        return this.#whyNot(path.replace(/ \(deleted\)$/, ""), buildId);
      }
    }
    if (found.length > 0) return success(found);
    return failure("E_PROJECT", `links nothing that the process has loaded: name the directory that it was built in`, {
      file: this.graph.buildDir,
    });
  }

  /** The objects of these modules that have no debug information. */
  untyped(modules: readonly AttachedModule[]): ObjectPath[] {
    return this.#linkedFiles(modules).flatMap(({ object, file }) => (hasDebugInformation(file) ? [] : object));
  }

  /** Errors: E_REFUSED. */
  checkObjects(modules: readonly AttachedModule[]): Result<void> {
    const found = this.#linkedFiles(modules).find(({ file }) => isForLinkTimeOptimization(file));
    if (found === undefined) return success(undefined);
    const message =
      "was compiled for link-time optimization (-flto), or is no ELF object: its code is not what the program has";
    return failure("E_REFUSED", message, { file: found.object });
  }

  #linkedFiles(modules: readonly AttachedModule[]): { readonly object: ObjectPath; readonly file: string }[] {
    const linked = new Map(modules.flatMap((module) => Object.entries(module.objects)));
    return [...linked].flatMap(([object, version]) => {
      const file = this.kept.versions.fileOf(object, version);
      return file === undefined ? [] : { object, file };
    });
  }

  async #whyNot(path: string, buildId: string): Promise<Result<never>> {
    if (buildId === "") {
      return failure("E_OTHER_BUILD", "has no build-id, by which it could be told: link it with -Wl,--build-id", {
        file: path,
      });
    }
    const onDisk = await readModule(path, () => []);
    if (!onDisk.ok) return onDisk;
    if (onDisk.value.buildId !== buildId) {
      const message = `was linked anew since the process was started: it has build-id ${onDisk.value.buildId}, and what runs ${buildId}`;
      return failure("E_OTHER_BUILD", message, { file: path });
    }
    const message =
      "is not what its objects say: one of them was built after it was linked, or is missing, or ninja did not link it; " +
      "build it, and start the program anew";
    return failure("E_BASELINE", message, { file: path });
  }
}

const NO_LINK =
  "The build links the program, or one of its libraries, from other objects or in another way now. That cannot be " +
  "brought into a process that runs: end `hotreload attach`, build, and start the program anew.\n";

/** False for an object without debug information, of which types cannot be compared. */
const hasDebugInformation = (object: string): boolean => sectionNames(object)?.includes(".debug_info") ?? false;

/** True for an object whose code is made by the linker alone. */
function isForLinkTimeOptimization(object: string): boolean {
  const names = sectionNames(object);
  return names === undefined || names.includes(".gnu.lto_");
}
