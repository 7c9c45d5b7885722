// What `hotreload status` lists: each connected process, how it is, and the patches that it has.

import { readdirSync, readFileSync } from "node:fs";
import { processStat } from "../plugin/command.js";
import type { Patcher, PatchOfProcess } from "../plugin/patcher.js";
import type { Agent } from "./agents.js";

/** "behind": what was saved could not be applied. "silent": it does not answer, or has not come to its point. */
export type Condition = { readonly state: "current" } | { readonly state: "behind" | "silent"; readonly why: string };

export type ProcessStatus = {
  readonly pid: number;
  readonly parentPid: number;
  /** That the program gave itself, "" if none. */
  readonly name: string;
  readonly executable: string;
  /** When the process was started, in ISO 8601; since the last boot is what the kernel counts from. */
  readonly started: string;
  /** Its threads, the agent's among them. */
  readonly threads: number;
  readonly patches: readonly PatchOfProcess[];
} & Condition;

/** Of a process that has just ended, undefined. */
export function statusOf(
  agent: Agent,
  patcher: Pick<Patcher, "patchesOf">,
  condition: Condition,
): ProcessStatus | undefined {
  const { pid, parentPid, name, executable } = agent;
  const stat = processStat(pid);
  if (stat === undefined || stat.startTime !== agent.startTime) return undefined;
  const started = startedAt(agent.startTime).toISOString();
  const patches = patcher.patchesOf(agent.view());
  return { pid, parentPid, name, executable, started, threads: threadsOf(pid), patches, ...condition };
}

/** USER_HZ, the unit of times in /proc, on x86-64. */
const TICKS_PER_SECOND = 100;

function startedAt(startTime: number): Date {
  const uptime = Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]);
  return new Date(Date.now() - (uptime - startTime / TICKS_PER_SECOND) * 1000);
}

function threadsOf(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/task`).length;
  } catch {
    return 0;
  }
}
