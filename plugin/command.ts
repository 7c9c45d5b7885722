// Runs a command in a session of its own (setsid), so that it can be ended with everything that it started.
//
// A process group would not do: ninja gives each compiler a group of its own. The session id is inherited by
// all of them, and is the process id of the command.

import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { failure, type Result, success } from "./errors.js";

export interface Finished {
  /** Exit code; null if a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Called with each piece of standard output as it comes, besides gathering it. */
  readonly onOutput?: (text: string) => void;
  /** Its abort ends the command with everything that it started. */
  readonly signal?: AbortSignal;
}

export interface Command {
  /** undefined if it could not be started. */
  readonly pid: number | undefined;
  /** E_TOOL if it could not be started. */
  readonly finished: Promise<Result<Finished>>;
}

/** Starts `file` with an argument array, never a shell; standard input is empty. */
export function startCommand(file: string, args: readonly string[], options: CommandOptions = {}): Command {
  if (options.signal?.aborted) {
    return { pid: undefined, finished: Promise.resolve(failure("E_TOOL", `${file} is not started any more`)) };
  }
  const child = spawnSession(file, args, { cwd: options.cwd, env: options.env, stdio: ["ignore", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    options.onOutput?.(text);
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  // The first signals are sent within abort() itself, so that even a process about to end can use it.
  const end = (): void => {
    if (child.pid !== undefined) void endSession(child.pid);
  };
  options.signal?.addEventListener("abort", end, { once: true });
  const finished = new Promise<Result<Finished>>((resolve) => {
    child.once("error", (error) => resolve(failure("E_TOOL", `${file} cannot be started: ${error.message}`)));
    child.once("close", (code, signal) => resolve(success({ code, signal, stdout, stderr })));
  }).finally(() => options.signal?.removeEventListener("abort", end));
  return { pid: child.pid, finished };
}

/** Starts a process as the leader of a new session; its pid is the session's id. */
export function spawnSession(file: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  return spawn(file, [...args], { ...options, detached: true });
}

/**
 * Ends every process of a session: SIGTERM, and SIGKILL to what is left after `graceMs`. Resolves when none is
 * left. A process that made itself a session of its own (a daemon) has left, and is not touched.
 */
export async function endSession(session: number, graceMs = 2000): Promise<void> {
  signalSession(session, "SIGTERM");
  const deadline = performance.now() + graceMs;
  while (performance.now() < deadline) {
    if (membersOfSession(session).length === 0) return;
    await delay(10);
  }
  const end = performance.now() + 2000;
  while (signalSession(session, "SIGKILL") > 0 && performance.now() < end) await delay(10);
}

/** Sends a signal to every process of a session, and says to how many. */
export function signalSession(session: number, signal: NodeJS.Signals): number {
  const members = membersOfSession(session);
  for (const pid of members) {
    try {
      process.kill(pid, signal);
    } catch {
      // It ended in between, which is what was wanted.
    }
  }
  return members.length;
}

/** The processes of a session that have not ended; one that only waits to be reaped has. */
export function membersOfSession(session: number): number[] {
  const members: number[] = [];
  for (const name of readdirSync("/proc")) {
    const pid = Number(name);
    if (!Number.isInteger(pid)) continue;
    const stat = processStat(pid);
    if (stat !== undefined && stat.session === session && !stat.ended) members.push(pid);
  }
  return members;
}

export interface ProcessStat {
  readonly group: number;
  readonly session: number;
  /** Process group in the foreground of its terminal, -1 without a terminal. */
  readonly foregroundGroup: number;
  /** Clock ticks since boot: with the pid it names a process for good. */
  readonly startTime: number;
  /** True for a zombie. */
  readonly ended: boolean;
}

/** What /proc/PID/stat says (proc(5)), undefined if there is no such process. */
export function processStat(pid: number): ProcessStat | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return undefined;
  }
  // The name in parentheses may hold anything; the fields after the last one start with field 3, the state.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const field = (number: number): number => Number(fields[number - 3]);
  const state = fields[0] ?? "";
  return {
    group: field(5),
    session: field(6),
    foregroundGroup: field(8),
    startTime: field(22),
    ended: state === "Z" || state === "X",
  };
}
