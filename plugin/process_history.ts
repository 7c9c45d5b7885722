// What was applied to each process, patch by patch: kept on disk beside the libraries of each patch, so that a new dev
// server knows it.
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import type { RemovedOfModules } from "./build_patch.js";
import type { Introduced } from "./elf/index.js";
import type { ObjectPath } from "./graph/graph.js";
import { mappedFolders } from "./loaded_patches.js";
import type { Version } from "./object_versions.js";
import type { FunctionCode } from "./old_code.js";
import type { AppliedLibrary, AppliedPatch } from "./process.js";
import { readState, writeState } from "./state_file.js";
import { SupersededPatches } from "./superseded.js";
import type { UnitKey } from "./translation_units.js";

export interface PatchRecord {
  readonly number: number;
  /** Module -> its build-id in the process. */
  readonly buildIds?: Readonly<Record<string, string>>;
  /** Module -> object -> version that the process runs from this patch on. */
  readonly versions: Readonly<Record<string, Readonly<Record<ObjectPath, Version>>>>;
  /** Module -> object -> its translation unit, for those that took over from another object. */
  readonly units?: Readonly<Record<string, Readonly<Record<ObjectPath, UnitKey>>>>;
  readonly introduced: readonly Introduced[];
  /** Module -> base name of its library in this patch. */
  readonly libraryNames: Readonly<Record<string, string>>;
  /** Where the code of the functions is that it replaced, the old and the new. */
  readonly code?: readonly FunctionCode[];
  /** What it changed, as it was reported. */
  readonly functions: readonly string[];
  /** It was undone at least once: objects that its code made may be alive. */
  readonly wasUndone?: boolean;
  /** Functions that the process has and the project no longer, from this patch on. */
  readonly removed?: RemovedOfModules;
}

/** So many patches of a process can be undone. For older ones the objects are not kept that a next patch would need. */
export const UNDO_REACH = 64;

/** A process for good: pids are used again, start times with them are not. */
export interface ProcessId {
  readonly pid: number;
  readonly startTime: number;
}

const isRecord = (value: unknown): value is PatchRecord | undefined => typeof value === "object" && value !== null;

/** Field 22 of /proc/PID/stat is the start time; the second field, in brackets, may contain anything. */
export async function isAlive(id: ProcessId): Promise<boolean> {
  try {
    const text = await readFile(`/proc/${id.pid}/stat`, "utf8");
    return Number(text.slice(text.lastIndexOf(")") + 2).split(" ")[19]) === id.startTime;
  } catch {
    return false;
  }
}

export const nameOf = (id: ProcessId): string => `${id.pid}-${id.startTime}`;

/** Of one process, by number, in the order in which they were made. */
type Records = Map<number, PatchRecord>;

export class ProcessHistories {
  readonly #patches: string;
  readonly #records = new Map<string, Records>();
  /** The highest number that a process may have had a patch of: also before it called exec. */
  readonly #last = new Map<string, number>();
  readonly #superseded = new Map<string, SupersededPatches>();
  /** Of processes that ended: their children may go on with what they had. */
  readonly #ended = new Set<string>();

  private constructor(stateDir: string) {
    this.#patches = join(stateDir, "patches");
  }

  static async open(stateDir: string): Promise<ProcessHistories> {
    const histories = new ProcessHistories(stateDir);
    await mkdir(histories.#patches, { recursive: true, mode: 0o700 });
    for (const name of await readdir(histories.#patches)) {
      const [pid, startTime] = name.split("-").map(Number);
      if (pid && startTime) await histories.#read(name);
    }
    await histories.forget(await histories.ended());
    return histories;
  }

  async #read(name: string): Promise<void> {
    const numbers = (await readdir(join(this.#patches, name))).map(Number).sort((a, b) => a - b);
    const records: Records = new Map();
    for (const number of numbers) {
      const record = await readState(this.#recordFile(name, number), undefined, isRecord);
      if (record) records.set(number, record);
    }
    this.#records.set(name, records);
    this.#last.set(name, numbers.at(-1) ?? 0);
  }

  #recordFile(name: string, number: number): string {
    return join(this.#patches, name, String(number), "record.json");
  }

  /** For the next patch: the number of one that somebody may have loaded is not used again. */
  nextNumber(id: ProcessId, applied: readonly AppliedPatch[]): number {
    return Math.max(applied.at(-1)?.patch ?? 0, this.#last.get(nameOf(id)) ?? 0) + 1;
  }

  /** Where the libraries of a patch for this process lie. */
  patchDirectory(id: ProcessId, number: number): string {
    return join(this.#patches, nameOf(id), String(number));
  }

  /** The records of what the process says is applied, in that order; undefined if nobody knows of one of them. */
  of(id: ProcessId, applied: readonly AppliedPatch[]): readonly PatchRecord[] | undefined {
    const found = applied.map((patch) => this.#records.get(ownerOf(id, patch))?.get(patch.patch));
    return found.every((record) => record !== undefined) ? found : undefined;
  }

  /** A patch was undone: what belongs to it is kept for as long as the process lives. */
  async noteUndone(id: ProcessId, patch: AppliedPatch): Promise<void> {
    const name = ownerOf(id, patch);
    const record = this.#records.get(name)?.get(patch.patch);
    if (record) await this.#save(name, { ...record, wasUndone: true });
  }

  /** Before a patch is sent: a record of what it does. It counts when the process says that it has the patch. */
  async add(id: ProcessId, record: PatchRecord): Promise<void> {
    const name = nameOf(id);
    this.#records.get(name)?.delete(record.number); // the process refused one of this number
    await mkdir(this.patchDirectory(id, record.number), { recursive: true, mode: 0o700 });
    await this.#save(name, record);
  }

  async #save(name: string, record: PatchRecord): Promise<void> {
    const records: Records = this.#records.get(name) ?? new Map();
    this.#records.set(name, records.set(record.number, record));
    await writeState(this.#recordFile(name, record.number), record);
  }

  /** The process has the patch: its thread-locals have a module id from now on. Undefined if there is no record. */
  async acknowledge(
    id: ProcessId,
    number: number,
    libraries: readonly AppliedLibrary[],
  ): Promise<PatchRecord | undefined> {
    const record = this.#records.get(nameOf(id))?.get(number);
    this.#last.set(nameOf(id), number);
    if (!record?.introduced.some((entry) => entry.kind === "threadLocal")) return record;
    const introduced = record.introduced.map((entry) => {
      const library = libraries.find((library) => basename(library.path) === record.libraryNames[entry.module]);
      return entry.kind === "threadLocal" && entry.renamed !== true
        ? { ...entry, tlsModule: library?.tlsModule ?? 0 }
        : entry;
    });
    const complete = { ...record, introduced };
    await this.#save(nameOf(id), complete);
    return complete;
  }

  /** Deletes the libraries of its patches of which nothing is left to run or to undo to. Their records stay. */
  async dropSuperseded(id: ProcessId, applied: readonly AppliedPatch[]): Promise<void> {
    const name = nameOf(id);
    let superseded = this.#superseded.get(name);
    // With fewer patches than before it is another program in the same process (exec).
    if (superseded === undefined || superseded.count > applied.length) superseded = new SupersededPatches();
    this.#superseded.set(name, superseded);
    for (; superseded.count < applied.length - UNDO_REACH; superseded.count++) {
      const patch = applied[superseded.count];
      const record = patch && this.#records.get(ownerOf(id, patch))?.get(patch.patch);
      if (record === undefined || patch?.standing !== "standing") continue;
      for (const number of superseded.take(record)) {
        const libraries = Object.values(this.#records.get(name)?.get(number)?.libraryNames ?? {});
        const directory = this.patchDirectory(id, number);
        await Promise.all(libraries.map((library) => rm(join(directory, library), { force: true })));
      }
    }
  }

  /** Those that have ended, whether anybody said so or not. */
  async ended(): Promise<readonly ProcessId[]> {
    const ended: ProcessId[] = [];
    for (const name of this.#records.keys()) {
      const [pid = 0, startTime = 0] = name.split("-").map(Number);
      if (!(await isAlive({ pid, startTime }))) ended.push({ pid, startTime });
    }
    return ended;
  }

  /** Processes ended: what belongs to them is deleted, unless and until no child of theirs has it loaded. */
  async forget(ids: readonly ProcessId[]): Promise<void> {
    for (const id of ids) this.#ended.add(nameOf(id));
    const isUsed = [...this.#ended].some((name) => (this.#records.get(name)?.size ?? 0) > 0);
    const mapped = isUsed ? mappedFolders(this.#patches) : new Set<string>();
    for (const name of this.#ended) {
      if (mapped.has(name)) continue;
      this.#ended.delete(name);
      this.#records.delete(name);
      this.#last.delete(name);
      this.#superseded.delete(name);
      await rm(join(this.#patches, name), { recursive: true, force: true });
    }
  }

  /**
   * `object@version` of what the processes run, or would run after as many undos as are possible, and of the patches that
   * were undone.
   */
  needed(): Set<string> {
    const needed = new Set<string>();
    for (const records of this.#records.values()) {
      const newest = new Map<string, string>();
      const add = (names: Iterable<string>) => {
        for (const name of names) needed.add(name);
      };
      for (const [index, record] of [...records.values()].entries()) {
        // The process may have refused the last one: with it, one more than those that can be undone.
        const isInReach = index >= records.size - UNDO_REACH - 1;
        if (isInReach) add(newest.values());
        const own = versionNames(record);
        if (isInReach || record.wasUndone) add(own.values());
        for (const [object, name] of own) newest.set(object, name);
      }
      add(newest.values());
    }
    return needed;
  }
}

/** A forked child has its parent's patches: their libraries lie in the parent's folder. */
function ownerOf(id: ProcessId, patch: AppliedPatch): string {
  const library = patch.libraries[0]?.path;
  if (!library) return nameOf(id);
  // Of thousands of patches with each save: without the functions of `path`.
  const folder = library.lastIndexOf("/", library.lastIndexOf("/") - 1);
  return library.slice(library.lastIndexOf("/", folder - 1) + 1, folder);
}

/** `module\nobject` -> `object@version`. */
function versionNames(record: PatchRecord): Map<string, string> {
  const names = new Map<string, string>();
  for (const [module, versions] of Object.entries(record.versions)) {
    for (const [object, version] of Object.entries(versions)) names.set(`${module}\n${object}`, `${object}@${version}`);
  }
  return names;
}
