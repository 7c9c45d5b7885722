// The files that CMake reads: an edit of one means that the build itself is out of date.
import { join } from "node:path";
import type { Edges } from "./edges.js";
import type { Nodes } from "./nodes.js";
import { RealPaths } from "./real_paths.js";
import { isOfProject, isWithin, type Places } from "./watched_files.js";

export interface ConfigureInputs {
  /** @param path absolute, a real path or as CMake spells it */
  has(path: string): boolean;
  /** Real paths of those in the source directory that exist; CMake's own files in the build directory are not watched. */
  readonly watched: readonly string[];
  /** CMake wrote a script that lists the directories of its globs anew. */
  readonly hasGlobs: boolean;
}

/** CMake's script in the build directory that says whether a glob finds other files than it did. */
export const GLOB_SCRIPT = "CMakeFiles/VerifyGlobs.cmake";

const buildFiles: ReadonlySet<string> = new Set(["build.ninja", "Makefile"]);

/** Presets are read by `cmake --preset` only, so that build.ninja does not know them. */
const presets = ["CMakePresets.json", "CMakeUserPresets.json"];

export function findConfigureInputs(edges: Edges, nodes: Nodes, places: Places): ConfigureInputs {
  const disk = new RealPaths();
  const paths = new Set<string>();
  const watched = new Set<string>();
  const add = (path: string) => {
    paths.add(path);
    const real = isOfProject(path, places) ? disk.ofFile(path) : undefined;
    if (real === undefined) return;
    paths.add(real);
    if (isWithin(real, places.sourceDir) && !isOfCMake(real, places)) watched.add(real);
  };
  for (const preset of presets) add(join(places.sourceDir, preset));
  for (let id = 0; id < edges.count; id++) {
    if (!edges.isGenerator(id) || !edges.edge(id).outputs.some((output) => buildFiles.has(output))) continue;
    for (const node of [...edges.explicitInputsOf(id), ...edges.implicitInputsOf(id)]) add(nodes.absolute(node));
  }
  const hasGlobs = paths.has(join(places.buildDir, GLOB_SCRIPT));
  return { has: (path) => paths.has(path), watched: [...watched], hasGlobs };
}

/** What CMake writes for itself; the build directory may be the source directory. */
function isOfCMake(path: string, { sourceDir, buildDir }: Places): boolean {
  if (sourceDir !== buildDir) return isWithin(path, buildDir);
  return isWithin(path, join(buildDir, "CMakeFiles")) || path === join(buildDir, "CMakeCache.txt");
}
