// The generations of the modules: which versions of which objects were linked into the module with a build-id.
import { join } from "node:path";
import type { ObjectPath } from "./graph/graph.js";
import type { Version } from "./object_versions.js";
import { readState, writeState } from "./state_file.js";

/** One module as it was linked once. */
export interface Generation {
  /** Absolute path of the module. */
  readonly module: string;
  readonly buildId: string;
  readonly objects: Readonly<Record<ObjectPath, Version>>;
}

/** Of each module, so many are kept: a process that still runs an older one has to be restarted. */
const KEPT = 8;

const isGenerations = (value: unknown): value is Generation[] => Array.isArray(value);

export class Generations {
  readonly #stateFile: string;
  #all: Generation[] = [];

  private constructor(stateFile: string) {
    this.#stateFile = stateFile;
  }

  static async open(stateDir: string): Promise<Generations> {
    const generations = new Generations(join(stateDir, "generations.json"));
    generations.#all = await readState(generations.#stateFile, [], isGenerations);
    return generations;
  }

  get all(): readonly Generation[] {
    return this.#all;
  }

  find(module: string, buildId: string): Generation | undefined {
    return this.#all.find((generation) => generation.module === module && generation.buildId === buildId);
  }

  /** A module was linked, perhaps to the same bytes as before: the first record of a build-id stays. */
  async add(generations: readonly Generation[]): Promise<void> {
    for (const generation of generations) {
      if (!this.find(generation.module, generation.buildId)) this.#all.push(generation);
      const ofModule = this.#all.filter((known) => known.module === generation.module);
      const old = new Set(ofModule.slice(0, -KEPT));
      this.#all = this.#all.filter((known) => !old.has(known));
    }
    await this.#save();
  }

  #save(): Promise<void> {
    return writeState(this.#stateFile, this.#all);
  }
}
