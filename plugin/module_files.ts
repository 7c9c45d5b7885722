// The files of the project's modules as ELF: also of those that a process runs, when newer ones lie on disk.
import { type ModuleFile, readModule } from "./elf/index.js";
import { failure, type Result, success } from "./errors.js";
import type { Generation, Generations } from "./generations.js";
import type { ObjectVersions } from "./object_versions.js";
import type { LoadedModule } from "./process.js";

export class ModuleFiles {
  readonly #generations: Generations;
  readonly #versions: ObjectVersions;
  /** By path and build-id. */
  readonly #read = new Map<string, ModuleFile>();

  constructor(generations: Generations, versions: ObjectVersions) {
    this.#generations = generations;
    this.#versions = versions;
  }

  /** What lies on disk. Errors: those of `readModule`. */
  async onDisk(module: string, objects: Generation["objects"]): Promise<Result<ModuleFile>> {
    const file = await readModule(module, () => this.#filesOf(objects));
    if (file.ok) this.#read.set(keyOf(module, file.value.buildId), file.value);
    return file;
  }

  /** The file that the process has loaded, as its build-id says. Errors: E_OTHER_BUILD. */
  async loaded(pid: number, { path, buildId }: LoadedModule): Promise<Result<ModuleFile>> {
    const known = this.#read.get(keyOf(path, buildId));
    if (known) return success(known);
    const kept = this.#generations.fileOf({ module: path, buildId });
    const objects = this.#generations.find(path, buildId)?.objects ?? {};
    for (const place of [kept, path, `/proc/${pid}/exe`]) {
      const read = await readModule(place, () => this.#filesOf(objects));
      if (!read.ok || read.value.buildId !== buildId) continue;
      this.#read.set(keyOf(path, buildId), read.value);
      return read;
    }
    return failure("E_OTHER_BUILD", "was linked anew while the process runs the old one", { file: path });
  }

  #filesOf(objects: Generation["objects"]): string[] {
    return Object.entries(objects).flatMap(([object, version]) => this.#versions.fileOf(object, version) ?? []);
  }
}

const keyOf = (path: string, buildId: string): string => `${path}\n${buildId}`;
