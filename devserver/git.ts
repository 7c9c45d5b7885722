// Whether git is rewriting the work tree: a checkout, stash or rebase is one change, however long it takes.

import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

/** The directory in which git keeps the state of the work tree around a directory; undefined outside of any. */
export function gitDirectoryOf(directory: string): string | undefined {
  const path = join(directory, ".git");
  const status = statSync(path, { throwIfNoEntry: false });
  if (status?.isDirectory()) return path;
  if (status?.isFile()) {
    // A linked work tree, or a submodule (gitrepository-layout(5)).
    const target = /^gitdir: (.+)$/m.exec(readFileSync(path, "utf8"))?.[1];
    return target === undefined ? undefined : resolve(directory, target);
  }
  return dirname(directory) === directory ? undefined : gitDirectoryOf(dirname(directory));
}

/**
 * True while git holds the index, or is between two steps of a rebase. A commit whose message is being written may hold
 * the index as well, and a rebase that stopped for an edit is not always told from one that goes on.
 */
export function isGitAtWork(gitDirectory: string): boolean {
  if (existsSync(join(gitDirectory, "index.lock"))) return true;
  const rebase = join(gitDirectory, "rebase-merge");
  return existsSync(rebase) && !existsSync(join(rebase, "stopped-sha"));
}
