// The resident memory of a program that is built and run without us.

import { spawn, spawnSync } from "node:child_process";
import path from "node:path";
import { createInterface } from "node:readline";
import { ProcessMark, residentKib } from "../e2e/leftover_processes.js";
import { type Files, Workspace } from "../e2e/workspace.js";
import { DEFINE } from "./bench_program.js";

/** Builds the project as it is, and measures its program when it has printed `line`. */
export async function plainResidentKib(files: Files, target: string, line: string): Promise<number> {
  const workspace = new Workspace(files);
  const mark = new ProcessMark();
  try {
    const build = path.join(workspace.root, "build");
    const defines = Object.entries(DEFINE).map(([name, value]) => `-D${name}=${value}`);
    run("cmake", ["-G", "Ninja", "-S", workspace.directory, "-B", build, ...defines]);
    run("ninja", ["-C", build]);
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

function run(command: string, parameters: readonly string[]): void {
  const result = spawnSync(command, parameters, { encoding: "utf8" });
  if (result.status !== 0) throw new Error(`${command} ${parameters.join(" ")}\n${result.stdout}${result.stderr}`);
}
