// ninja-build-parser: a build.ninja and the files it includes -> its edges, rules, pools and variables.
import { isAscii } from "node:buffer";
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { Edge } from "./edge.js";
import { ManifestState, parseFile, reasonOf } from "./parser.js";
import type { Rule } from "./scope.js";
import { NinjaSyntaxError, Source } from "./source.js";

export { canonicalPath } from "./canonical_path.js";
export { type Dyndep, parseDyndep } from "./dyndep.js";
export type { Edge, EdgeFiles } from "./edge.js";
export type { EvalString, Reference } from "./lexer.js";
export { type EdgeJson, type ManifestJson, manifestToJson } from "./manifest_json.js";
export type { Rule } from "./scope.js";
export { NinjaSyntaxError } from "./source.js";

export interface Manifest {
  /** In the order of the files. */
  readonly edges: readonly Edge[];
  /** Path of an output, canonical -> the edge that makes it. */
  readonly producers: ReadonlyMap<string, Edge>;
  /** The rules of the outermost scope; those of subninja files are known to their edges only. */
  readonly rules: ReadonlyMap<string, Rule>;
  /** Depth of each pool, `console` included; 0 means without limit. */
  readonly pools: ReadonlyMap<string, number>;
  /** Targets of `default`, canonical; empty if there is no such statement. */
  readonly defaults: readonly string[];
  /** The variables of the outermost scope, at the end of the file: `ninja_required_version`, `builddir`, ... */
  readonly variables: ReadonlyMap<string, string>;
  /** Absolute paths of all files that were read, the outermost first. */
  readonly files: readonly string[];
}

/**
 * Parses a manifest. Relative paths of `include` and `subninja` start from its directory, as with `ninja -C directory`.
 * @param readFile gives the text of a file by its absolute path, or throws
 * @throws NinjaSyntaxError, and nothing else, for what ninja would not accept and for files that cannot be read
 */
export function parseNinja(file: string, readFile: (path: string) => string = readText): Manifest {
  const root = resolve(file);
  const state = new ManifestState(dirname(root), readFile);
  parseFile(state, root, readRoot(root, readFile), state.scope);
  const { edges, producers, pools, defaults, files, scope } = state;
  return { edges, producers, rules: scope.rules, pools, defaults, variables: scope.variables, files };
}

function readRoot(root: string, readFile: (path: string) => string): string {
  try {
    return readFile(root);
  } catch (error) {
    throw new NinjaSyntaxError(`loading '${root}': ${reasonOf(error)}`, new Source(root, "").placeAt(0));
  }
}

function readText(path: string): string {
  const bytes = readFileSync(path);
  return bytes.toString(isAscii(bytes) ? "latin1" : "utf8"); // latin1 is read twice as fast
}
