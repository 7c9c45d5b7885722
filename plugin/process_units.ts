// What every process runs of each translation unit: what its modules were linked from, its patches, and comparisons that
// found no difference.
import type { ModuleChange, RemovedOfModules } from "./build_patch.js";
import type { Introduced } from "./elf/index.js";
import type { AppliedPatch } from "./process.js";
import { nameOf, type PatchRecord, type ProcessHistories, type ProcessId } from "./process_history.js";
import type { RunningModules } from "./running_modules.js";
import type { Unit, UnitKey } from "./translation_units.js";

export type UnitsOfModule = Map<UnitKey, Unit>;

/** What a process runs beyond what its modules were linked from. */
export interface Known {
  /** By the path of the module. */
  readonly units: ReadonlyMap<string, UnitsOfModule>;
  /** Of those, the versions that its lines are of: comparisons that found the same code changed no line. */
  readonly lines: ReadonlyMap<string, UnitsOfModule>;
  readonly introduced: readonly Introduced[];
  /** Patches that were undone. Objects that their code made may be alive. */
  readonly undone: readonly PatchRecord[];
  readonly removed: RemovedOfModules;
  /** Of each patch: where its functions are and were. */
  readonly code: readonly PatchRecord["code"][];
}

interface PatchedProcess extends ProcessId {
  readonly applied: readonly AppliedPatch[];
}

export class ProcessUnits {
  readonly #histories: ProcessHistories;
  readonly #running: RunningModules;
  /** Versions that were compared and found the same in effect: process -> module -> unit. */
  readonly #settled = new Map<string, Map<string, UnitsOfModule>>();
  /** Functions that were removed since the patch of this number, without another patch. */
  readonly #removed = new Map<string, { readonly after: number; readonly removed: RemovedOfModules }>();

  constructor(histories: ProcessHistories, running: RunningModules) {
    this.#histories = histories;
    this.#running = running;
  }

  /**
   * Undefined if the process has a patch that nobody knows of.
   * @param buildIds of its modules, by their paths
   */
  of(process: PatchedProcess, buildIds: ReadonlyMap<string, string>): Known | undefined {
    const records = this.#histories.of(process, process.applied);
    if (!records) return undefined;
    const units = new Map<string, UnitsOfModule>();
    const take = (module: string, entries: Iterable<readonly [UnitKey, Unit]>) => {
      const known: UnitsOfModule = units.get(module) ?? new Map();
      units.set(module, known);
      for (const [unit, value] of entries) known.set(unit, value);
    };
    const stands = (_: PatchRecord, index: number) => process.applied[index]?.standing === "standing";
    const standing = records.filter(stands);
    const isLoaded = (record: PatchRecord, module: string): boolean =>
      record.buildIds === undefined || record.buildIds[module] === buildIds.get(module);
    for (const record of standing)
      for (const module of Object.keys(record.versions))
        if (isLoaded(record, module)) take(module, unitsIn(record, module));
    const lines = new Map([...units].map(([module, known]) => [module, new Map(known)]));
    for (const [module, entries] of this.#settled.get(nameOf(process)) ?? []) take(module, entries);
    const undone = records.filter((_, index) => process.applied[index]?.standing !== "standing");
    // Variables stay where they first appeared. Functions that are there again are new ones: what the undone patch brought
    // has the code of then. The number of a lambda means what it meant before.
    const stays = ({ kind, key }: Introduced): boolean => kind !== "function" && !/Ul|Ut|\$_/.test(key);
    const left = undone.flatMap(({ introduced }) => introduced.filter(stays));
    const last = standing.at(-1);
    const code = records.map((record) => record.code);
    const later = this.#removed.get(nameOf(process));
    const ofLast = Object.entries(last?.removed ?? {}).filter(([module]) => last && isLoaded(last, module));
    const removed = later && later.after >= (last?.number ?? 0) ? later.removed : Object.fromEntries(ofLast);
    const introduced = [...left, ...standing.flatMap(({ introduced }) => introduced)];
    return { units, lines, introduced, undone, removed, code };
  }

  /** A module that was closed and opened again from another file runs what that was linked from. */
  async noteRunning(process: ProcessId, buildIds: ReadonlyMap<string, string>): Promise<void> {
    for (const [module, buildId] of Object.entries(this.#running.of(process))) {
      if (buildIds.get(module) === buildId) continue;
      this.#settled.get(nameOf(process))?.delete(module);
      const later = this.#removed.get(nameOf(process));
      if (later) this.#removed.set(nameOf(process), { ...later, removed: { ...later.removed, [module]: [] } });
    }
    await this.#running.set(process, Object.fromEntries(buildIds));
  }

  /** These were compared, and the process runs the same in effect. `removed` counts from the patch `after` on. */
  settle(process: ProcessId, changes: readonly ModuleChange[], after: number, removed: RemovedOfModules): void {
    const settled = this.#settled.get(nameOf(process)) ?? new Map<string, UnitsOfModule>();
    for (const { path, objects } of changes) {
      const same = objects.map(({ id, unit, version }) => [unit, { object: id, version }] as const);
      settled.set(path, new Map([...(settled.get(path) ?? []), ...same]));
    }
    this.#settled.set(nameOf(process), settled);
    this.#removed.set(nameOf(process), { after, removed });
  }

  /** The process applied the patch: what was found the same before it counts no more for the units in it. */
  applied(process: ProcessId, record: PatchRecord): void {
    for (const module of Object.keys(record.versions)) {
      const settled = this.#settled.get(nameOf(process))?.get(module);
      for (const [unit] of unitsIn(record, module)) settled?.delete(unit);
    }
  }

  /** The process undid or redid a patch, of which there may be no record. */
  turned(process: ProcessId, record: PatchRecord | undefined): void {
    if (record) this.applied(process, record);
    this.#removed.delete(nameOf(process));
  }

  /** The process is gone, or another program (exec). */
  forget(process: ProcessId): void {
    this.#settled.delete(nameOf(process));
    this.#removed.delete(nameOf(process));
  }

  /** All versions that count as run, since they are the same in effect. */
  get settled(): readonly Unit[] {
    const modules = [...this.#settled.values()].flatMap((modules) => [...modules.values()]);
    return modules.flatMap((units) => [...units.values()]);
  }
}

/** Those of a module that a patch brought, by what they replaced. */
export function* unitsIn(record: PatchRecord, module: string): Iterable<readonly [UnitKey, Unit]> {
  for (const [object, version] of Object.entries(record.versions[module] ?? {})) {
    yield [record.units?.[module]?.[object] ?? object, { object, version }];
  }
}
