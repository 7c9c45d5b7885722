// A project built as its user does without hotreload.

import { spawnSync } from "node:child_process";
import type { Workspace } from "../e2e/workspace.js";
import { DEFINE } from "./bench_program.js";

export function buildPlain(workspace: Workspace, build: string): void {
  const defines = Object.entries(DEFINE).map(([name, value]) => `-D${name}=${value}`);
  runToEnd("cmake", ["-G", "Ninja", "-S", workspace.directory, "-B", build, ...defines]);
  runToEnd("ninja", ["-C", build]);
}

/** Standard output of a command that must succeed. */
export function runToEnd(command: string, parameters: readonly string[]): string {
  const result = spawnSync(command, parameters, { encoding: "utf8" });
  if (result.status !== 0) throw new Error(`${command} ${parameters.join(" ")}\n${result.stdout}${result.stderr}`);
  return result.stdout;
}
