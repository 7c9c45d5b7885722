// A real gdb or lldb in batch mode, attached to the running program.

import { type ChildProcess, spawn } from "node:child_process";
import { Changes, DEADLINE } from "./changes.js";
import type { Program } from "./program.js";

export class Debugger {
  readonly #name: string;
  readonly #child: ChildProcess;
  readonly #changes = new Changes();
  #output = "";
  #complaints = "";
  #ended = false;

  private constructor(program: Program, name: string, parameters: readonly string[]) {
    this.#name = name;
    const environment = { ...program.mark.environment(), DEBUGINFOD_URLS: "", LC_ALL: "C" };
    this.#child = spawn(name, parameters, { env: environment, stdio: ["ignore", "pipe", "pipe"] });
    this.#child.stdout?.on("data", (data) => {
      this.#output += String(data);
      this.#changes.notify();
    });
    this.#child.stderr?.on("data", (data) => {
      this.#complaints += String(data);
    });
    this.#child.on("close", () => {
      this.#ended = true;
      this.#changes.notify();
    });
  }

  static gdb(program: Program, ...commands: readonly string[]): Debugger {
    const options = ["-nx", "-q", "-batch", "-p", String(program.pid), "-ex", "set pagination off"];
    return new Debugger(program, "gdb", [...options, ...commands.flatMap((command) => ["-ex", command])]);
  }

  /** With the setting that README.md names. */
  static lldb(program: Program, ...commands: readonly string[]): Debugger {
    const first = [
      "settings set plugin.process.gdb-remote.use-libraries-svr4 false",
      `process attach --pid ${program.pid}`,
    ];
    const given = [...first, ...commands].flatMap((command) => ["-o", command]);
    return new Debugger(program, "lldb", ["--batch", "--no-lldbinit", "--no-use-colors", ...given]);
  }

  shows(pattern: RegExp): Promise<true> {
    const look = () => (pattern.test(this.#output) ? true : undefined);
    return this.#changes.until(`${this.#name} to show ${pattern}`, look, DEADLINE, () => this.#printed());
  }

  /** Goes on to the next command. */
  interrupt(): void {
    this.#child.kill("SIGINT");
  }

  /** All that it printed, once it has ended. */
  async output(): Promise<string> {
    const look = () => (this.#ended ? true : undefined);
    await this.#changes.until(`${this.#name} to end`, look, DEADLINE, () => this.#printed());
    return this.#output;
  }

  #printed(): string {
    return this.#output + this.#complaints;
  }
}
