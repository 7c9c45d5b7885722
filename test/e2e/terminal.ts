// Another terminal in the same build directory: real cmake, ninja and programs, which the dev server did not start.

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import path from "node:path";
import type { Program } from "./program.js";
import { TickLog } from "./tick_log.js";

export interface Ended {
  readonly code: number | null;
  readonly output: string;
}

/** Runs a command in the build directory; what it prints and how it ended. */
export function command(program: Program, file: string, ...args: readonly string[]): Promise<Ended> {
  const child = spawn(file, args, { cwd: program.build, env: program.mark.environment(), stdio: "pipe" });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (output += String(data)));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, output }));
  });
}

/** A command that has to succeed. */
export async function run(program: Program, file: string, ...args: readonly string[]): Promise<string> {
  const { code, output } = await command(program, file, ...args);
  assert.equal(code, 0, `${file} ${args.join(" ")}\n${output}`);
  return output;
}

/** A second instance of the program, with a log of its own. */
export class Instance {
  readonly log: TickLog;
  readonly #child: ChildProcess;

  private constructor(program: Program, file: string) {
    this.log = new TickLog(program.changes, () => assert.equal(this.#child.exitCode, null, "the instance runs"));
    this.#child = spawn(file, { env: program.mark.environment(), stdio: "pipe" });
    this.#child.stdout?.on("data", (data) => this.log.feed(String(data)));
  }

  /** Starts `name` out of the build directory, and returns when it is connected. */
  static async start(program: Program, name: string): Promise<Instance> {
    const instance = new Instance(program, path.join(program.build, name));
    await program.server.until("the instance to connect", () =>
      program.server.processStates().find(({ pid, state }) => pid === instance.pid && state === "connected"),
    );
    return instance;
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Ends it, and waits until the dev server has seen that. */
  async end(program: Program): Promise<void> {
    this.#child.kill("SIGKILL");
    await program.server.until("the instance's end to be reported", () =>
      program.server.processStates().find(({ pid, state }) => pid === this.pid && state === "exited"),
    );
  }
}
