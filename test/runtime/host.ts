// The program of host.c, built with the runtime and started: commands in, answers out, and nothing else.

import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Inbox } from "../devserver/inbox.js";
import { build, runtimeInclude, testSource } from "./programs.js";

const PATCHABLE = ["-fPIC", "-falign-functions=16", "-fpatchable-function-entry=8,6"];

/** Builds host.c as `include(HotReload)` would, linked with the runtime by its path. */
export async function buildHost(output: string, runtime: string, flags: readonly string[] = []): Promise<void> {
  const sources = ["host.c", "victim.c"].map((name) => join(testSource, name));
  await build("gcc", [
    ...["-O1", "-g", "-D_GNU_SOURCE", "-DHOTRELOAD_PREPARED", `-I${runtimeInclude}`, ...PATCHABLE, ...flags],
    ...[...sources, "-o", output, "-pthread", "-Wl,--build-id", "-Wl,--no-as-needed", runtime],
  ]);
}

export class Host {
  private static readonly running = new Set<Host>();
  readonly lines = new Inbox<string>();
  readonly ended: Promise<number | NodeJS.Signals | null>;
  stderr = "";
  private readonly child: ChildProcess;

  constructor(program: string, args: readonly string[] = [], options: SpawnOptions = {}) {
    this.child = spawn(program, args, { ...options, stdio: ["pipe", "pipe", "pipe"] });
    const { stdin, stdout, stderr } = this.child;
    if (stdin === null || stdout === null || stderr === null) throw new Error("all three are pipes");
    stdin.on("error", () => {});
    createInterface({ input: stdout }).on("line", this.lines.push);
    stderr.setEncoding("utf8").on("data", (text: string) => {
      this.stderr += text;
    });
    this.ended = new Promise((resolve, reject) => {
      this.child.on("error", reject);
      this.child.on("close", (code, signal) => {
        Host.running.delete(this);
        resolve(code ?? signal);
      });
    });
    Host.running.add(this);
  }

  /** Ends what a test that failed left running. */
  static async endAll(): Promise<void> {
    await Promise.all([...Host.running].map((host) => host.end()));
  }

  get pid(): number {
    if (this.child.pid === undefined) throw new Error("the host did not start");
    return this.child.pid;
  }

  tell(command: string): void {
    this.child.stdin?.write(`${command}\n`);
  }

  /** Tells a command that has one line as its answer. */
  async ask(command: string): Promise<string> {
    this.tell(command);
    return this.lines.next(`answer to ${command}`);
  }

  /** Ends it whatever it does. */
  async end(): Promise<void> {
    this.child.kill("SIGKILL");
    await this.ended;
  }
}
