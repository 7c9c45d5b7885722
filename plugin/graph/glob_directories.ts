// The directories where CMake's globs look for files (file(GLOB ... CONFIGURE_DEPENDS)), whether they find any or not.
//
// CMake writes a script that lists them anew: one file(GLOB ...) or file(GLOB_RECURSE ...) a pattern, on one line, the
// pattern as the last quoted argument (cmGlobVerificationManager.cxx).
import { type Dirent, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { GLOB_SCRIPT } from "./configure_inputs.js";
import { realPath } from "./real_paths.js";

const PATTERN = /^file\((GLOB|GLOB_RECURSE) NEW_GLOB .*"((?:[^"\\]|\\.)*)"\)$/gm;

/** A recursive glob of a whole disk is not followed further: each directory costs an inotify watch. */
const MOST_DIRECTORIES = 1000;

/** Real paths of those that exist, the build directory left out, as they are at this moment. */
export function globDirectories(buildDir: string): string[] {
  let script: string;
  try {
    script = readFileSync(join(buildDir, GLOB_SCRIPT), "utf8");
  } catch {
    return [];
  }
  const found = new Set<string>();
  for (const [, kind, quoted = ""] of script.matchAll(PATTERN)) {
    const segments = quoted.replace(/\\(.)/g, "$1").split("/").slice(0, -1);
    const fixed = segments.findIndex((segment) => /[*?[]/.test(segment));
    const start = segments.slice(0, fixed < 0 ? undefined : fixed).join("/") || "/";
    const depth = kind === "GLOB_RECURSE" ? Number.POSITIVE_INFINITY : fixed < 0 ? 0 : segments.length - fixed;
    descend(realPath(start), depth, buildDir, found);
  }
  return [...found];
}

function descend(start: string, depth: number, buildDir: string, found: Set<string>): void {
  let level = [start];
  for (let left = depth; level.length > 0 && found.size < MOST_DIRECTORIES; left--) {
    const entries = level.map((path): [string, Dirent[] | undefined] => [path, entriesOf(path)]);
    for (const [path, listed] of entries) if (listed !== undefined) found.add(path);
    if (left === 0) return;
    level = entries.flatMap(([path, listed = []]) =>
      listed.filter((entry) => entry.isDirectory() && entry.name !== ".git").map(({ name }) => join(path, name)),
    );
    level = level.filter((path) => path !== buildDir);
  }
}

function entriesOf(directory: string): Dirent[] | undefined {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch {
    return undefined; // it is not there yet
  }
}
