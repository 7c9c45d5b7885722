// Loads the graph after a CMake that was not ours wrote build.ninja: it writes its reply for us a moment later.

import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Result } from "./errors.js";
import type { BuildGraph } from "./graph/graph.js";
import { loadGraph } from "./graph/load.js";

const LOOK_MS = 20;
/** CMake replies right after it wrote build.ninja; a project of thousands of targets takes seconds. */
const PATIENCE_MS = 20_000;

/** As loadGraph(), of one and the same run of CMake: build.ninja and the reply of the File API belong together. */
export async function loadSettledGraph(buildDir: string): Promise<Result<BuildGraph>> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const before = configuredAt(buildDir);
    if (replyTime(buildDir) >= before) {
      const graph = await loadGraph(buildDir);
      if (graph.ok && configuredAt(buildDir) === before) return graph;
    }
    if (performance.now() > deadline) return loadGraph(buildDir);
    await delay(LOOK_MS);
  }
}

/** When CMake wrote the build, in milliseconds since the epoch. Makefiles that did not change keep their time. */
export function configuredAt(buildDir: string): number {
  return timeOf(join(buildDir, "build.ninja")) || replyTime(buildDir);
}

const timeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

/** When the newest reply was complete: CMake writes its index last. */
function replyTime(buildDir: string): number {
  const directory = join(buildDir, ".cmake/api/v1/reply");
  try {
    const indexes = readdirSync(directory).filter((name) => name.startsWith("index-"));
    return Math.max(0, ...indexes.map((name) => timeOf(join(directory, name))));
  } catch {
    return 0;
  }
}
