// The versions of the object files: each one that a process may run stays, under a second name.
//
// Any ninja may overwrite an object, ours or that of another terminal, while a process runs its code; and a patch is the
// difference of the two. Compilers write an object as a new file (gas and clang unlink or rename; so does ccache), so a
// hard link keeps the old one at no cost. A version is known by inode, modification time and size, and they are in the
// link's name: there is no other state that could disagree with the files. A tool that writes in place shows in them,
// and what it destroyed is not taken for anything else.
import { createHash } from "node:crypto";
import {
  type BigIntStats,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { failure, type Result, success } from "./errors.js";
import type { ObjectPath } from "./graph/graph.js";

/** Names one state of one object: `inode-mtime-size`, the time in nanoseconds. */
export type Version = string;

const versionOf = (status: BigIntStats): Version => `${status.ino}-${status.mtimeNs}-${status.size}`;

/** False for the file of a version that was written over in place. */
export function isIntact(file: string): boolean {
  const status = statusOf(file);
  const version = basename(file).split(".")[1];
  if (status === undefined || version === undefined) return false;
  // A copy has an inode of its own, and nobody else writes to it.
  return versionOf(status) === version || !version.startsWith(`${status.ino}-`);
}

/** When the object was written, in nanoseconds since the epoch. */
export const timeOf = (version: Version): bigint => BigInt(version.split("-")[1] ?? 0);

const statusOf = (path: string): BigIntStats | undefined => statSync(path, { bigint: true, throwIfNoEntry: false });

export class ObjectVersions {
  readonly #directory: string;
  #resolve: (object: ObjectPath) => string;
  /** What lies in the build tree, as it was last looked at. */
  readonly #current = new Map<ObjectPath, Version>();
  /** Hash of an object's path -> its versions that are kept. */
  readonly #kept = new Map<string, Set<Version>>();
  readonly #hashes = new Map<ObjectPath, string>();

  private constructor(directory: string, resolve: (object: ObjectPath) => string) {
    this.#directory = directory;
    this.#resolve = resolve;
  }

  /** @param resolve absolute path of an object */
  static open(stateDir: string, resolve: (object: ObjectPath) => string): ObjectVersions {
    const versions = new ObjectVersions(join(stateDir, "objects"), resolve);
    mkdirSync(versions.#directory, { recursive: true, mode: 0o700 });
    for (const name of readdirSync(versions.#directory)) {
      const [, hash, version] = /^([0-9a-f]{16})\.(\d+-\d+-\d+)\.o$/.exec(name) ?? [];
      if (hash !== undefined && version !== undefined) versions.#versionsOf(hash).add(version);
    }
    return versions;
  }

  setResolver(resolve: (object: ObjectPath) => string): void {
    this.#resolve = resolve;
  }

  /** What lay in the build tree at the last keep() or settle(); undefined if there was no such file. */
  current(object: ObjectPath): Version | undefined {
    return this.#current.get(object);
  }

  /** Absolute path of a version's file, which no build writes to; undefined if it was not kept, or was destroyed. */
  fileOf(object: ObjectPath, version: Version): string | undefined {
    const hash = this.#hashOf(object);
    if (!this.#versionsOf(hash).has(version)) return undefined;
    const file = this.#place(hash, version);
    return isIntact(file) ? file : undefined;
  }

  /** Sees what lies in the build tree, whoever built it, and keeps it. Errors: E_BASELINE. */
  keep(objects: readonly ObjectPath[]): Result<void> {
    for (const object of objects) {
      try {
        const version = this.#keepFile(object);
        if (version === undefined) this.#current.delete(object);
        else this.#current.set(object, version);
      } catch (error) {
        return failure("E_BASELINE", `cannot be kept: ${(error as Error).message}`, { file: object });
      }
    }
    return success(undefined);
  }

  /** Takes objects out of the build tree, so that ninja builds them anew. Errors: E_BASELINE. */
  setAside(objects: readonly ObjectPath[]): Result<void> {
    const kept = this.keep(objects);
    if (!kept.ok) return kept;
    for (const [index, object] of objects.entries()) {
      try {
        removeObject(this.#resolve(object));
      } catch (error) {
        this.settle(objects.slice(0, index));
        return failure("E_BASELINE", `cannot be set aside: ${(error as Error).message}`, { file: object });
      }
    }
    return success(undefined);
  }

  /** After a build: puts back what it did not write, and keeps what it did. Errors: E_BASELINE. */
  settle(objects: readonly ObjectPath[]): Result<void> {
    for (const object of objects) {
      const version = this.#current.get(object);
      const place = version === undefined ? undefined : this.fileOf(object, version);
      const path = this.#resolve(object);
      if (place !== undefined && statusOf(path) === undefined && existsSync(dirname(path))) linkObject(place, path);
    }
    return this.keep(objects);
  }

  /** Deletes the versions that are not in the build tree and that nobody needs. */
  keepOnly(isNeeded: (object: ObjectPath, version: Version) => boolean): void {
    for (const [object, hash] of this.#hashes) {
      const kept = this.#versionsOf(hash);
      const current = this.#current.get(object);
      if (kept.size === 0 || (kept.size === 1 && current !== undefined && kept.has(current))) continue;
      for (const version of [...kept]) {
        if (version === current || isNeeded(object, version)) continue;
        kept.delete(version);
        removeObject(this.#place(hash, version));
      }
    }
  }

  /**
   * Deletes all versions of objects that have not been asked for until now: the project has them no more.
   * @param needed by modules that may still run
   */
  forgetOthers(needed: readonly ObjectPath[]): void {
    for (const object of needed) this.#hashOf(object);
    const known = new Set(this.#hashes.values());
    for (const [hash, kept] of this.#kept) {
      if (known.has(hash)) continue;
      this.#kept.delete(hash);
      for (const version of kept) removeObject(this.#place(hash, version));
    }
  }

  /** The version of the file in the build tree, which is kept from here on. */
  #keepFile(object: ObjectPath): Version | undefined {
    const path = this.#resolve(object);
    const hash = this.#hashOf(object);
    for (;;) {
      const status = statusOf(path);
      if (!status?.isFile()) return undefined;
      const version = versionOf(status);
      const kept = this.#versionsOf(hash);
      if (kept.has(version)) return version;
      const place = this.#place(hash, version);
      removeObject(place); // of a dev server that was killed before it looked again
      if (!linkObject(path, place)) continue;
      // Written between the look and the link: what was linked is something else.
      const after = statusOf(path);
      if (after !== undefined && versionOf(after) === version) {
        kept.add(version);
        return version;
      }
      removeObject(place);
    }
  }

  #versionsOf(hash: string): Set<Version> {
    let versions = this.#kept.get(hash);
    if (versions === undefined) {
      versions = new Set();
      this.#kept.set(hash, versions);
    }
    return versions;
  }

  #hashOf(object: ObjectPath): string {
    let hash = this.#hashes.get(object);
    if (hash === undefined) {
      hash = createHash("sha256").update(object).digest("hex").slice(0, 16);
      this.#hashes.set(object, hash);
    }
    return hash;
  }

  #place(hash: string, version: Version): string {
    return join(this.#directory, `${hash}.${version}.o`);
  }
}

/** With -gsplit-dwarf, the debug information of `dir/unit.cc.o` is in `dir/unit.cc.dwo`. */
const splitOf = (object: string): string => object.replace(/\.[^./]*$/, ".dwo");

/**
 * As linkOrCopy. Debug information comes along, as a copy: compilers write a .dwo in place, and the number that ties it to
 * its object does not tell all versions apart.
 */
function linkObject(from: string, to: string): boolean {
  if (existsSync(splitOf(from))) copyFileSync(splitOf(from), splitOf(to));
  return linkOrCopy(from, to);
}

function removeObject(object: string): void {
  for (const file of [object, splitOf(object)]) rmSync(file, { force: true });
}

/**
 * Gives a file another name, and never takes the name of one that is there. Where the file system has no links it is
 * a copy with the same time, complete from its first moment on. False if `from` is gone.
 */
export function linkOrCopy(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") return true;
    if (code === "ENOENT") return false;
  }
  const status = statSync(from, { throwIfNoEntry: false });
  if (status === undefined) return false;
  const temporary = `${to}.${process.pid}`;
  copyFileSync(from, temporary);
  utimesSync(temporary, status.atime, status.mtime);
  renameSync(temporary, to);
  return true;
}
