// Watches the files of a project, and the files that appear beside them.

import { basename, dirname, extname, join } from "node:path";
import type { BuildGraph } from "../plugin/graph/graph.js";
import type { Reporter } from "./report.js";
import { Watch } from "./watch.js";

export interface ProjectWatchEvents {
  /** Files of the project were saved. */
  changed(): void;
  /** A file that the graph does not know was written: an #include that failed, or CMake, may find it now. */
  appeared(path: string): void;
  /** Something was built, by us or by another: ninja's log was written, or build.ninja. */
  built(): void;
}

const EXTENSIONS = "c cc cp cxx cpp c++ C h hh hp hxx hpp h++ H inl ipp tpp inc cppm ixx";
const SOURCE_EXTENSIONS = new Set(EXTENSIONS.split(" ").map((extension) => `.${extension}`));

/** By its name: a compiler may read it. Not the lock and swap files of editors: `.#a.c`, `#a.c#`. */
export function isSourceFile(path: string): boolean {
  return SOURCE_EXTENSIONS.has(extname(path)) && !/^[.#]/.test(basename(path));
}

/** @param since Date.now() when the build began whose results are known */
export async function watchProject(
  graph: BuildGraph,
  since: number,
  report: Reporter,
  events: ProjectWatchEvents,
): Promise<Watch> {
  const buildFiles = new Set([".ninja_log", "build.ninja"].map((name) => join(graph.buildDir, name)));
  const watch = await Watch.open(graph.watchedFiles, {
    sourceDir: graph.sourceDir,
    buildDir: graph.buildDir,
    since,
    onChange: () => events.changed(),
    onUnknown: (path) => {
      if (buildFiles.has(path)) events.built();
      else if (dirname(path) !== graph.buildDir || graph.buildDir === graph.sourceDir) events.appeared(path);
    },
    onPolling: (text) => report({ type: "progress", stage: "wait", text }),
  });
  await watch.watchDirectories(graph.globDirectories());
  return watch;
}
