// Watches the files of a project, and the source files that appear beside them.

import { extname } from "node:path";
import type { BuildGraph } from "../plugin/graph/graph.js";
import type { Reporter } from "./report.js";
import { Watch } from "./watch.js";

export interface ProjectWatchEvents {
  /** Files of the project were saved. */
  changed(): void;
  /** A source file that the graph does not know was written: an #include that failed may find it now. */
  appeared(): void;
}

const EXTENSIONS = "c cc cp cxx cpp c++ C h hh hp hxx hpp h++ H inl ipp tpp inc cppm ixx";
const SOURCE_EXTENSIONS = new Set(EXTENSIONS.split(" ").map((extension) => `.${extension}`));

/** @param since Date.now() when the build began whose results are known */
export function watchProject(
  graph: BuildGraph,
  since: number,
  report: Reporter,
  events: ProjectWatchEvents,
): Promise<Watch> {
  return Watch.open(graph.watchedFiles, {
    sourceDir: graph.sourceDir,
    buildDir: graph.buildDir,
    since,
    onChange: () => events.changed(),
    onUnknown: (path) => {
      if (SOURCE_EXTENSIONS.has(extname(path))) events.appeared();
    },
    onError: (error) => {
      const text = `files are looked at twice a second, since events may be missing: ${error.message}`;
      report({ type: "progress", stage: "wait", text });
    },
  });
}
