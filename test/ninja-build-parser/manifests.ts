// Manifests that are written in the test itself, in files that only exist in memory.
import { resolve } from "node:path";
import { type Manifest, NinjaSyntaxError, parseNinja } from "ninja-build-parser";

/** Parses `text` as /build/build.ninja; `others` are files by their path relative to /build. */
export function parse(text: string, others: Readonly<Record<string, string>> = {}): Manifest {
  return parseNinja("/build/build.ninja", (path) => {
    if (path === "/build/build.ninja") return text;
    const found = Object.entries(others).find(([name]) => resolve("/build", name) === path);
    if (!found) throw new Error("No such file or directory");
    return found[1];
  });
}

/** The error that `text` is rejected with; any other outcome is an error of the test. */
export function reject(text: string, others: Readonly<Record<string, string>> = {}): NinjaSyntaxError {
  try {
    parse(text, others);
  } catch (error) {
    if (error instanceof NinjaSyntaxError) return error;
    throw error;
  }
  throw new Error("the manifest was accepted");
}

/** A rule that most edges of the tests use. */
export const copyRule = "rule copy\n  command = cp $in $out\n";
