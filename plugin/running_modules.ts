// Which processes run which modules: kept on disk, so that a new dev server keeps what they were linked from.

import { join } from "node:path";
import { isAlive, nameOf, type ProcessId } from "./process_history.js";
import { readState, writeState } from "./state_file.js";

/** Module -> its build-id. */
export type BuildIds = Readonly<Record<string, string>>;

interface Entry {
  readonly process: ProcessId;
  readonly buildIds: BuildIds;
}

const areEntries = (value: unknown): value is Entry[] => Array.isArray(value);

export class RunningModules {
  readonly #file: string;
  readonly #entries = new Map<string, Entry>();

  private constructor(stateDir: string) {
    this.#file = join(stateDir, "running.json");
  }

  /** Those of processes that live. */
  static async open(stateDir: string): Promise<RunningModules> {
    const running = new RunningModules(stateDir);
    for (const entry of await readState(running.#file, [], areEntries)) {
      if (await isAlive(entry.process)) running.#entries.set(nameOf(entry.process), entry);
    }
    return running;
  }

  of(process: ProcessId): BuildIds {
    return this.#entries.get(nameOf(process))?.buildIds ?? {};
  }

  /** All build-ids that a process runs. */
  get buildIds(): ReadonlySet<string> {
    return new Set([...this.#entries.values()].flatMap(({ buildIds }) => Object.values(buildIds)));
  }

  async set({ pid, startTime }: ProcessId, buildIds: BuildIds): Promise<void> {
    const process = { pid, startTime };
    const isKnown = JSON.stringify(this.of(process)) === JSON.stringify(buildIds);
    if (isKnown) return;
    this.#entries.set(nameOf(process), { process, buildIds });
    await writeState(this.#file, [...this.#entries.values()]);
  }

  /** On disk those are taken for alive until the next change: a new dev server looks anyway. */
  delete(process: ProcessId): void {
    this.#entries.delete(nameOf(process));
  }
}
