// The program under development: started with the session in its environment, ended with all that it started.

import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, rmSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { endSession, membersOfSession, processStat, signalSession, spawnSession } from "../plugin/command.js";
import type { Problem } from "../plugin/errors.js";

export interface ProgramOptions {
  /** Absolute path of the executable. */
  readonly path: string;
  readonly args: readonly string[];
  /** Path of session.json: where its agent finds the dev server. */
  readonly sessionFile: string;
  /** Where it may keep state for the process after it (hotreload_state). */
  readonly stateDir: string;
  /** true: what it prints comes as events; false: it prints to our terminal. Its standard input is empty. */
  readonly piped: boolean;
}

export interface ProgramEvents {
  output(pid: number, stream: "stdout" | "stderr", text: string): void;
  /** After the last of its output, unless a process that it left behind keeps that open. */
  exited(pid: number, how: { readonly code?: number; readonly signal?: string }): void | Promise<void>;
  /** E_PROGRAM: it could not be started. */
  problem(problem: Problem): void;
}

export class Program {
  private child: ChildProcess | undefined;
  /** Sessions of the programs started so far that may still have processes. */
  private readonly sessions = new Set<number>();
  private readonly started = new Set<number>();
  private ending: Promise<void> | undefined;

  /** performance.now() of the last start. */
  startedAt = 0;

  constructor(
    private readonly options: ProgramOptions,
    private readonly events: ProgramEvents,
  ) {}

  isRunning(): boolean {
    return this.child !== undefined;
  }

  /** undefined if it does not run. */
  get pid(): number | undefined {
    return this.child?.pid;
  }

  /** True for the process ids of this program's starts. */
  hasStarted(pid: number): boolean {
    return this.started.has(pid);
  }

  /** @param keepsState whether it finds what the process before it has left */
  start(keepsState = false): void {
    const { path, args, sessionFile, stateDir, piped } = this.options;
    if (!keepsState) this.dropState();
    mkdirSync(stateDir, { recursive: true, mode: 0o700 });
    const stream = piped ? "pipe" : "inherit";
    this.startedAt = performance.now();
    const child = spawnSession(path, args, {
      env: { ...process.env, HOTRELOAD_SESSION: sessionFile, HOTRELOAD_STATE: stateDir },
      stdio: ["ignore", stream, stream],
    });
    const { pid } = child;
    if (pid === undefined) {
      child.once("error", (error) =>
        this.events.problem({ code: "E_PROGRAM", message: `${path} cannot be started: ${error.message}`, file: path }),
      );
      return;
    }
    this.child = child;
    this.sessions.add(pid);
    this.started.add(pid);
    for (const name of ["stdout", "stderr"] as const) {
      child[name]?.setEncoding("utf8").on("data", (text: string) => this.events.output(pid, name, text));
    }
    child.on("error", (error) => this.events.problem({ code: "E_PROGRAM", message: `${path}: ${error.message}` }));
    child.once("exit", (code, signal) => {
      const printed = piped ? Promise.race([once(child, "close"), delay(200)]) : Promise.resolve();
      this.ending = printed.then(async () => {
        if (this.child === child) this.child = undefined;
        if (membersOfSession(pid).length === 0) this.sessions.delete(pid);
        await this.events.exited(pid, signal === null ? { code: code ?? 0 } : { signal });
      });
    });
  }

  /** True for the process that was started last, and for those that it started. */
  owns(pid: number): boolean {
    return this.child?.pid !== undefined && processStat(pid)?.session === this.child.pid;
  }

  /** What the program keeps for the process after it is deleted. */
  dropState(): void {
    rmSync(this.options.stateDir, { recursive: true, force: true });
  }

  /** SIGTERM to the program and what it started, SIGKILL after two seconds; resolves when nothing is left. */
  async stop(graceMs = 2000): Promise<void> {
    const { child } = this;
    const exited = child === undefined || child.exitCode !== null || child.signalCode !== null || once(child, "exit");
    await Promise.all([...this.sessions].map((session) => endSession(session, graceMs)));
    this.sessions.clear();
    await exited;
    await this.ending;
  }

  /** At once and without waiting: for our own end in trouble. */
  kill(): void {
    for (const session of this.sessions) signalSession(session, "SIGKILL");
  }

  /** The terminal's size changed: it tells its own session only, and the program is in another one. */
  resized(): void {
    this.child?.kill("SIGWINCH");
  }
}
