// The generations of the modules: which versions of which objects were linked into the module with a build-id.
//
// The module's file is kept as well: a process needs it for as long as it runs, and the linker writes another one.
import { mkdirSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import type { ObjectPath } from "./graph/graph.js";
import { linkOrCopy, type Version } from "./object_versions.js";
import { readState, writeState } from "./state_file.js";

/** One module as it was linked once. */
export interface Generation {
  /** Absolute path of the module. */
  readonly module: string;
  readonly buildId: string;
  readonly objects: Readonly<Record<ObjectPath, Version>>;
}

/** Of each module, so many are kept, besides those that processes run. */
const KEPT = 8;

const isGenerations = (value: unknown): value is Generation[] => Array.isArray(value);

export class Generations {
  readonly #stateFile: string;
  readonly #directory: string;
  #all: Generation[] = [];

  private constructor(stateDir: string) {
    this.#stateFile = join(stateDir, "generations.json");
    this.#directory = join(stateDir, "modules");
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
  }

  static async open(stateDir: string): Promise<Generations> {
    const generations = new Generations(stateDir);
    generations.#all = await readState(generations.#stateFile, [], isGenerations);
    return generations;
  }

  get all(): readonly Generation[] {
    return this.#all;
  }

  find(module: string, buildId: string): Generation | undefined {
    return this.#all.find((generation) => generation.module === module && generation.buildId === buildId);
  }

  /** Where a generation's file is kept. It may be missing, or be written over by a linker: its build-id decides. */
  fileOf(generation: Pick<Generation, "module" | "buildId">): string {
    return join(this.#directory, `${basename(generation.module)}.${generation.buildId}`);
  }

  /**
   * A module was linked, perhaps to the same bytes as before: the first record of a build-id stays.
   * @param isRunning whether a process runs the module with this build-id
   */
  async add(generations: readonly Generation[], isRunning: (buildId: string) => boolean): Promise<void> {
    for (const generation of generations) {
      const file = this.fileOf(generation);
      if (!this.find(generation.module, generation.buildId)) {
        this.#all.push(generation);
        rmSync(file, { force: true });
      }
      linkOrCopy(generation.module, file);
      const ofModule = this.#all.filter((known) => known.module === generation.module);
      for (const old of ofModule.slice(0, -KEPT).filter(({ buildId }) => !isRunning(buildId))) {
        this.#all = this.#all.filter((known) => known !== old);
        rmSync(this.fileOf(old), { force: true });
      }
    }
    await this.#save();
  }

  #save(): Promise<void> {
    return writeState(this.#stateFile, this.#all);
  }
}
