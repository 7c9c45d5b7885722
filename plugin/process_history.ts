// What was applied to each process, patch by patch: kept on disk, so that a new dev server knows it.
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Introduced } from "./elf/index.js";
import type { ObjectPath } from "./graph/graph.js";
import type { Version } from "./object_versions.js";
import type { AppliedLibrary, AppliedPatch } from "./process.js";
import { readState, writeState } from "./state_file.js";
import type { UnitKey } from "./translation_units.js";

export interface PatchRecord {
  readonly number: number;
  /** Module -> object -> version that the process runs from this patch on. */
  readonly versions: Readonly<Record<string, Readonly<Record<ObjectPath, Version>>>>;
  /** Module -> object -> its translation unit, for those that took over from another object. */
  readonly units?: Readonly<Record<string, Readonly<Record<ObjectPath, UnitKey>>>>;
  readonly introduced: readonly Introduced[];
  /** Module -> base name of its library in this patch. */
  readonly libraryNames: Readonly<Record<string, string>>;
}

/** A process for good: pids are used again, start times with them are not. */
export interface ProcessId {
  readonly pid: number;
  readonly startTime: number;
}

const isRecords = (value: unknown): value is PatchRecord[] => Array.isArray(value);

/** Field 22 of /proc/PID/stat is the start time; the second field, in brackets, may contain anything. */
async function isAlive(id: ProcessId): Promise<boolean> {
  try {
    const text = await readFile(`/proc/${id.pid}/stat`, "utf8");
    return Number(text.slice(text.lastIndexOf(")") + 2).split(" ")[19]) === id.startTime;
  } catch {
    return false;
  }
}

const nameOf = (id: ProcessId): string => `${id.pid}-${id.startTime}`;

export class ProcessHistories {
  readonly #directory: string;
  readonly #patches: string;
  readonly #records = new Map<string, PatchRecord[]>();

  private constructor(stateDir: string) {
    this.#directory = join(stateDir, "processes");
    this.#patches = join(stateDir, "patches");
  }

  static async open(stateDir: string): Promise<ProcessHistories> {
    const histories = new ProcessHistories(stateDir);
    await mkdir(histories.#directory, { recursive: true, mode: 0o700 });
    await mkdir(histories.#patches, { recursive: true, mode: 0o700 });
    for (const file of await readdir(histories.#directory)) {
      if (!file.endsWith(".json")) continue;
      const records = await readState(join(histories.#directory, file), [], isRecords);
      histories.#records.set(basename(file, ".json"), records);
    }
    for (const name of await readdir(histories.#patches)) {
      const [pid, startTime] = name.split("-").map(Number);
      if (pid && startTime && !(await isAlive({ pid, startTime }))) await histories.forget({ pid, startTime });
    }
    return histories;
  }

  /** Where the libraries of a patch for this process lie. */
  patchDirectory(id: ProcessId, number: number): string {
    return join(this.#patches, nameOf(id), String(number));
  }

  /**
   * The records of what the process says is applied, undefined if it has patches that nobody knows of. A forked child
   * has its parent's patches: their libraries lie in the parent's folder.
   */
  of(id: ProcessId, applied: readonly AppliedPatch[]): readonly PatchRecord[] | undefined {
    const found = applied.map((patch) => {
      const library = patch.libraries[0]?.path;
      const owner = library ? basename(dirname(dirname(library))) : nameOf(id);
      return this.#records.get(owner)?.find((record) => record.number === patch.patch);
    });
    return found.every((record) => record !== undefined) ? found : undefined;
  }

  /** Before a patch is sent: a record of what it does. It counts when the process says that it has the patch. */
  async add(id: ProcessId, record: PatchRecord): Promise<void> {
    const name = nameOf(id);
    const records = (this.#records.get(name) ?? []).filter((known) => known.number !== record.number);
    records.push(record);
    this.#records.set(name, records);
    await writeState(join(this.#directory, `${name}.json`), records);
  }

  /** The process has the patch: its thread-locals have a module id from now on. Undefined if there is no record. */
  async acknowledge(
    id: ProcessId,
    number: number,
    libraries: readonly AppliedLibrary[],
  ): Promise<PatchRecord | undefined> {
    const record = this.#records.get(nameOf(id))?.find((known) => known.number === number);
    if (!record?.introduced.some((entry) => entry.kind === "threadLocal")) return record;
    const introduced = record.introduced.map((entry) => {
      const library = libraries.find((library) => basename(library.path) === record.libraryNames[entry.module]);
      return entry.kind === "threadLocal" ? { ...entry, tlsModule: library?.tlsModule ?? 0 } : entry;
    });
    const complete = { ...record, introduced };
    await this.add(id, complete);
    return complete;
  }

  async forget(id: ProcessId): Promise<void> {
    this.#records.delete(nameOf(id));
    await rm(join(this.#directory, `${nameOf(id)}.json`), { force: true });
    await rm(join(this.#patches, nameOf(id)), { recursive: true, force: true });
  }

  /**
   * `object@version` of the newest version of each object in each process and module, with and without the last patch:
   * the process may have refused it.
   */
  newest(): Set<string> {
    const needed = new Set<string>();
    for (const records of this.#records.values()) {
      const newest = new Map<string, string>();
      for (const [index, record] of records.entries()) {
        if (index === records.length - 1) for (const name of newest.values()) needed.add(name);
        for (const [module, versions] of Object.entries(record.versions)) {
          for (const [object, version] of Object.entries(versions)) {
            newest.set(`${module}\n${object}`, `${object}@${version}`);
          }
        }
      }
      for (const name of newest.values()) needed.add(name);
    }
    return needed;
  }
}
