// The resident memory of a program that is built and run without us.

import { spawn } from "node:child_process";
import path from "node:path";
import { createInterface } from "node:readline";
import { ProcessMark, residentKib } from "../e2e/leftover_processes.js";
import { type Files, Workspace } from "../e2e/workspace.js";
import { buildPlain } from "./plain_build.js";

/** Builds the project as it is, and measures its program when it has printed `line`. */
export async function plainResidentKib(files: Files, target: string, line: string): Promise<number> {
  const workspace = new Workspace(files);
  const mark = new ProcessMark();
  try {
    const build = path.join(workspace.root, "build");
    buildPlain(workspace, build);
    const child = spawn(path.join(build, target), { stdio: ["ignore", "pipe", "inherit"], env: mark.environment() });
    for await (const printed of createInterface({ input: child.stdout })) {
      if (printed === line) return residentKib(child.pid ?? 0);
    }
    throw new Error(`${target} ended before it printed "${line}"`);
  } finally {
    mark.killAll();
    workspace.dispose();
  }
}
