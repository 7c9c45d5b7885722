// Whether a file's contents changed: by time and size first, then by digest, so that a touch is no change.

import { createHash } from "node:crypto";
import { readFileSync, type Stats, statSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";

/** A file as it was last looked at. */
export interface FileState {
  /** -1 for a file that is not there. */
  readonly size: number;
  readonly mtimeMs: number;
  readonly inode: number;
  /** undefined if its contents have not been looked at. */
  readonly digest: string | undefined;
}

export type Difference =
  | { readonly kind: "same" }
  /** Other contents, or gone. */
  | { readonly kind: "changed"; readonly state: FileState }
  /** Written or touched, with the same contents. */
  | { readonly kind: "touched"; readonly state: FileState }
  /** In the middle of being written: look again. */
  | { readonly kind: "unsettled"; readonly state: FileState };

const MISSING: FileState = { size: -1, mtimeMs: 0, inode: 0, digest: undefined };

/** Time, size and inode of a file, without its contents. */
export function fileState(path: string): FileState {
  return stateOf(statSync(path, { throwIfNoEntry: false }));
}

/** True if nothing says that the file was written since. */
export function looksSame(path: string, before: FileState): boolean {
  return sameStat(fileState(path), before);
}

/** Compares a file with what it was. Reads its contents if time, size or inode differ. */
export function compareFile(path: string, before: FileState): Difference {
  const present = fileState(path);
  if (sameStat(present, before)) return { kind: "same" };
  if (present.size < 0) return { kind: "unsettled", state: present };
  let digest: string;
  try {
    digest = digestOf(readFileSync(path));
  } catch {
    return { kind: "unsettled", state: present };
  }
  if (!sameStat(fileState(path), present)) return { kind: "unsettled", state: present };
  const state = { ...present, digest };
  if (digest === before.digest) return { kind: "touched", state };
  // An editor that saves in place truncates first: emptiness counts only if it stays.
  if (present.size === 0) return { kind: "unsettled", state };
  return { kind: "changed", state };
}

/** Adds the digest to a state, if the file is still what the state says. */
export async function withDigest(path: string, state: FileState): Promise<FileState> {
  try {
    const digest = digestOf(await readFile(path));
    return sameStat(stateOf(await stat(path)), state) ? { ...state, digest } : state;
  } catch {
    return state;
  }
}

function stateOf(entry: Stats | undefined): FileState {
  if (entry === undefined || !entry.isFile()) return MISSING;
  return { size: entry.size, mtimeMs: entry.mtimeMs, inode: entry.ino, digest: undefined };
}

function sameStat(left: FileState, right: FileState): boolean {
  return left.size === right.size && left.mtimeMs === right.mtimeMs && left.inode === right.inode;
}

function digestOf(content: Buffer): string {
  return createHash("sha256").update(content).digest("base64");
}
