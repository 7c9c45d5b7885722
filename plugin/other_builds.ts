// Whether somebody else builds in a build directory: another terminal, an IDE, a ninja that outlived its dev server.
//
// Two ninjas at once would write the same objects and logs, and ninja has no lock. A ninja changes into its build
// directory before anything else (-C), so it is found by its working directory.

import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

const LOOK_MS = 20;

/** Process ids of the tools that build in a directory. Those of other users are not seen. */
export function otherBuilds(buildDir: string, tools: ReadonlySet<string>): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d/.test(name) && isBuild(name, buildDir, tools))
    .map(Number);
}

/** Resolves when nobody else builds there. `onWait` is called once, with the process that is waited for. */
export async function otherBuildsEnded(
  buildDir: string,
  tools: ReadonlySet<string>,
  onWait: (pid: number) => void = () => {},
  signal?: AbortSignal,
): Promise<void> {
  let others = otherBuilds(buildDir, tools);
  if (others[0] !== undefined) onWait(others[0]);
  while (others.length > 0 && signal?.aborted !== true) {
    await delay(LOOK_MS);
    others = others.filter((pid) => isBuild(String(pid), buildDir, tools));
    if (others.length === 0) others = otherBuilds(buildDir, tools); // the next of a series
  }
}

function isBuild(pid: string, buildDir: string, tools: ReadonlySet<string>): boolean {
  try {
    // The directory first: that is the cheaper question, and most processes are elsewhere.
    if (readlinkSync(`/proc/${pid}/cwd`) !== buildDir) return false;
    return tools.has(readFileSync(`/proc/${pid}/comm`, "utf8").trimEnd());
  } catch {
    return false; // it ended, or is another user's
  }
}
