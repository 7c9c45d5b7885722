// The versions of the object files: the newest lies where ninja puts it, older ones that processes run are set aside.
//
// Ninja overwrites an object when it rebuilds it. A process still runs the old one, and a patch is the difference of the
// two. So the old file is renamed before the build, and put back if the build did not write a new one.
import { createHash } from "node:crypto";
import { mkdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { failure, type Result, success } from "./errors.js";
import type { ObjectPath } from "./graph/graph.js";
import { readState, writeState } from "./state_file.js";

/** Rises with each build of an object; 0 is what was there first. */
export type Version = number;

interface Entry {
  current: Version;
  /** Modification time and size of the current file: somebody else may have built it. */
  stamp: string;
  /** Older versions that are kept, by number. */
  readonly aside: Record<string, string>;
}

type Entries = Record<ObjectPath, Entry>;

const isEntries = (value: unknown): value is Entries => typeof value === "object" && value !== null;

async function stampOf(path: string): Promise<string | undefined> {
  try {
    const status = await stat(path, { bigint: true });
    return `${status.mtimeNs}:${status.size}`;
  } catch {
    return undefined;
  }
}

export class ObjectVersions {
  readonly #directory: string;
  readonly #stateFile: string;
  #entries: Entries = {};
  #resolve: (object: ObjectPath) => string;
  /** Set aside for the build that is under way: object -> place. */
  readonly #moved = new Map<ObjectPath, string>();

  private constructor(directory: string, stateFile: string, resolve: (object: ObjectPath) => string) {
    this.#directory = directory;
    this.#stateFile = stateFile;
    this.#resolve = resolve;
  }

  /** @param resolve absolute path of an object */
  static async open(stateDir: string, resolve: (object: ObjectPath) => string): Promise<ObjectVersions> {
    const versions = new ObjectVersions(join(stateDir, "objects"), join(stateDir, "objects.json"), resolve);
    await mkdir(versions.#directory, { recursive: true, mode: 0o700 });
    versions.#entries = await readState(versions.#stateFile, {}, isEntries);
    return versions;
  }

  setResolver(resolve: (object: ObjectPath) => string): void {
    this.#resolve = resolve;
  }

  current(object: ObjectPath): Version {
    return this.#entries[object]?.current ?? 0;
  }

  /** Absolute path of a version's file, undefined if it was not kept. */
  fileOf(object: ObjectPath, version: Version): string | undefined {
    if (version === this.current(object)) return this.#resolve(object);
    return this.#entries[object]?.aside[String(version)];
  }

  #entry(object: ObjectPath): Entry {
    const entry = this.#entries[object] ?? { current: 0, stamp: "", aside: {} };
    this.#entries[object] = entry;
    return entry;
  }

  /** Renames the present files. Errors: E_BASELINE. */
  async setAside(objects: readonly ObjectPath[]): Promise<Result<void>> {
    // A build that was given up in between: what it wrote is a version of its own.
    await this.settle(objects.filter((object) => this.#moved.has(object)));
    for (const object of objects) {
      const entry = this.#entry(object);
      const name = createHash("sha256").update(object).digest("hex").slice(0, 16);
      const place = join(this.#directory, `${name}.${entry.current}.o`);
      try {
        await rename(this.#resolve(object), place);
        this.#moved.set(object, place);
      } catch (error) {
        // An object that was never built, or whose last build failed, has nothing to set aside.
        if ((error as NodeJS.ErrnoException).code !== "ENOENT") {
          await this.settle(objects); // those before it are put back
          return failure("E_BASELINE", `cannot be set aside: ${(error as Error).message}`, { file: object });
        }
      }
    }
    return success(undefined);
  }

  /** Gives each object that was built anew a new version, and puts the others back. */
  async settle(objects: readonly ObjectPath[]): Promise<void> {
    for (const object of objects) {
      const place = this.#moved.get(object);
      const path = this.#resolve(object);
      const stamp = await stampOf(path);
      const entry = this.#entry(object);
      if (place === undefined) {
        // It came with this build: from now on it is seen when somebody else builds it.
        if (entry.stamp === "") entry.stamp = stamp ?? "";
        continue;
      }
      if (stamp === undefined) {
        await rename(place, path);
      } else {
        entry.aside[String(entry.current)] = place;
        entry.current += 1;
        entry.stamp = stamp;
      }
      this.#moved.delete(object);
    }
    await this.#save();
  }

  /** Sees which objects were built by somebody else: they get a new version, and the old one is lost. */
  async refresh(objects: readonly ObjectPath[]): Promise<void> {
    for (const object of objects) {
      const entry = this.#entry(object);
      const stamp = await stampOf(this.#resolve(object));
      if (stamp === undefined || stamp === entry.stamp) continue;
      if (entry.stamp !== "") entry.current += 1;
      entry.stamp = stamp;
    }
    await this.#save();
  }

  /** Deletes what was set aside and nobody needs. */
  async keepOnly(isNeeded: (object: ObjectPath, version: Version) => boolean): Promise<void> {
    for (const [object, entry] of Object.entries(this.#entries)) {
      for (const [version, place] of Object.entries(entry.aside)) {
        if (isNeeded(object, Number(version))) continue;
        delete entry.aside[version];
        await rm(place, { force: true });
      }
    }
    await this.#save();
  }

  #save(): Promise<void> {
    return writeState(this.#stateFile, this.#entries);
  }
}
