// The executables and shared libraries of the project: on disk, and among what a process has loaded.
import { existsSync } from "node:fs";
import { readModule } from "./elf/index.js";
import type { Generations } from "./generations.js";
import type { BuildGraph } from "./graph/graph.js";
import { linkOrCopy } from "./object_versions.js";
import type { LoadedModule } from "./process.js";

const LINKED: ReadonlySet<string> = new Set(["EXECUTABLE", "SHARED_LIBRARY", "MODULE_LIBRARY"]);

export class ProjectModules {
  constructor(
    private graph: BuildGraph,
    private readonly generations: Generations,
  ) {}

  /** The graph was loaded anew. */
  setGraph(graph: BuildGraph): void {
    this.graph = graph;
  }

  /** Absolute paths of all that the project links. */
  get paths(): string[] {
    const targets = this.graph.targets.filter((target) => LINKED.has(target.type));
    const paths = targets.flatMap((target) => target.artifacts);
    return [...new Set(paths)].filter((path) => this.graph.objectsOf(path).length > 0);
  }

  /**
   * The path of the file that the project links, undefined for a module of others. A copy of it, and one whose own path is
   * gone, is known by its build-id.
   */
  pathOf({ path, buildId }: LoadedModule): string | undefined {
    if (this.graph.objectsOf(path).length > 0) return path;
    const copied = buildId === "" ? undefined : this.generations.all.find((known) => known.buildId === buildId);
    return copied !== undefined && this.graph.objectsOf(copied.module).length > 0 ? copied.module : undefined;
  }

  /** Those of the project, by the path that the project has for them. */
  among(loaded: readonly LoadedModule[]): LoadedModule[] {
    return loaded.flatMap((module) => {
      const path = this.pathOf(module);
      return path === undefined ? [] : { ...module, path };
    });
  }

  /** What a linker that was ended took away is put back, as it was linked last. */
  async restore(): Promise<void> {
    for (const module of this.paths.filter((path) => !existsSync(path))) {
      const last = this.generations.all.findLast((generation) => generation.module === module);
      if (last === undefined) continue;
      const kept = this.generations.fileOf(last);
      const read = await readModule(kept, () => []);
      if (read.ok && read.value.buildId === last.buildId) linkOrCopy(kept, module);
    }
  }
}
