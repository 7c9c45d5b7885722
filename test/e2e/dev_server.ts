// A running `hotreload dev --json`, used as a user's script would use it.

import { type ChildProcess, spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { type Changes, DEADLINE } from "./changes.js";
import type { DevMessage, ProcessState, Progress, Ready, Verdict } from "./dev_messages.js";
import { isVerdict } from "./dev_messages.js";
import { repository } from "./workspace.js";

export interface DevServerOptions {
  readonly directory: string;
  readonly build: string;
  readonly define?: Readonly<Record<string, string>>;
  readonly preset?: string;
  readonly generator?: string;
  readonly target?: string;
  readonly run?: boolean;
  readonly onUnsupported?: "ask" | "restart" | "ignore";
  readonly programArguments?: readonly string[];
  readonly environment?: NodeJS.ProcessEnv;
  /** A command that runs the rest of its arguments in its own place. */
  readonly through?: readonly string[];
  /** Directory for session.jsonl and session.stderr. */
  readonly logs: string;
}

const BUILD_DEADLINE = 300_000;

export class DevServer {
  /** All messages but output and progress. */
  readonly messages: Exclude<DevMessage, { type: "output" | "progress" }>[] = [];
  /** What the program printed on its standard error. */
  programErrors = "";
  readonly progress: Progress[] = [];
  readonly #child: ChildProcess;
  readonly #changes: Changes;
  readonly #logs: string;
  #exit: { readonly code: number | null; readonly signal: string | null } | undefined;
  #garbage: string | undefined;
  /** Index into `messages` of the first one that no verdict was taken from. */
  #next = 0;

  /** @param onOutput is called with what the program printed, before anybody who waits looks again */
  constructor(options: DevServerOptions, changes: Changes, onOutput: (text: string) => void) {
    this.#changes = changes;
    this.#logs = options.logs;
    const cli = process.env.HOTRELOAD_E2E_CLI ?? path.join(repository, "dist/devserver/cli.js");
    const defines = Object.entries(options.define ?? {}).flatMap(([name, value]) => ["-D", `${name}=${value}`]);
    const parameters = [cli, "dev", options.directory, "-B", options.build, "--json", ...defines];
    if (options.preset !== undefined) parameters.push("--preset", options.preset);
    if (options.generator !== undefined) parameters.push("-G", options.generator);
    if (options.target !== undefined) parameters.push("--target", options.target);
    if (options.onUnsupported !== undefined) parameters.push("--on-unsupported", options.onUnsupported);
    if (options.run === false) parameters.push("--no-run");
    if (options.programArguments) parameters.push("--", ...options.programArguments);
    this.#log("session.jsonl", `${JSON.stringify({ command: [process.execPath, ...parameters] })}\n`);
    const [file = "", ...args] = [...(options.through ?? []), process.execPath, ...parameters];
    this.#child = spawn(file, args, { env: options.environment, stdio: "pipe" });
    this.#child.on("error", (error) => this.#log("session.stderr", `${error}\n`));
    this.#child.stdin?.on("error", () => {}); // it ended: the exit says so
    this.#child.stderr?.on("data", (data) => this.#log("session.stderr", String(data)));
    this.#child.on("close", (code, signal) => {
      this.#exit = { code, signal };
      this.#changes.notify();
    });
    if (this.#child.stdout) {
      createInterface({ input: this.#child.stdout }).on("line", (line) => {
        this.#take(line, onOutput);
        this.#changes.notify();
      });
    }
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  #log(file: string, text: string): void {
    fs.appendFileSync(path.join(this.#logs, file), text);
  }

  #take(line: string, onOutput: (text: string) => void): void {
    let message: DevMessage;
    try {
      message = JSON.parse(line) as DevMessage;
    } catch {
      this.#garbage ??= line; // nothing but JSON may be printed
      return;
    }
    if (message.type === "output") {
      if (message.stream === "stderr") {
        this.programErrors += message.text;
        this.#log("session.jsonl", `${line}\n`);
      } else onOutput(message.text);
      return;
    }
    this.#log("session.jsonl", `${line}\n`);
    if (message.type === "progress") this.progress.push(message);
    else this.messages.push(message);
  }

  /** Waits for something that the messages or the program's output show; fails at once if the server ended. */
  until<T>(what: string, look: () => T | undefined, deadline = DEADLINE): Promise<T> {
    const check = () => {
      const value = look();
      if (value === undefined) this.assertRunning();
      return value;
    };
    return this.#changes.until(what, check, deadline, () => this.describe());
  }

  /** Throws if the server ended, or printed something that is not JSON. */
  assertRunning(): void {
    if (this.#garbage !== undefined) throw new Error(`hotreload --json printed ${JSON.stringify(this.#garbage)}`);
    if (this.#exit) throw new Error(`hotreload ended with ${JSON.stringify(this.#exit)}\n${this.describe()}`);
  }

  ready(deadline = BUILD_DEADLINE): Promise<Ready> {
    return this.until("ready", () => this.messages.find((message) => message.type === "ready"), deadline);
  }

  processStates(): readonly ProcessState[] {
    return this.messages.filter((message) => message.type === "process");
  }

  /** Whatever verdicts have come until now are not those of the next save. */
  forgetVerdicts(): void {
    this.#next = this.messages.length;
  }

  /** Verdicts that have come and were not taken yet. */
  pendingVerdicts(): readonly Verdict[] {
    return this.messages.slice(this.#next).filter(isVerdict);
  }

  nextVerdict(deadline = DEADLINE): Promise<Verdict> {
    return this.until(
      "a verdict",
      () => {
        for (; this.#next < this.messages.length; ) {
          const message = this.messages[this.#next++];
          if (message && isVerdict(message)) return message;
        }
        return undefined;
      },
      deadline,
    );
  }

  command(name: "undo" | "redo" | "restart" | "build" | "quit"): void {
    this.#child.stdin?.write(`${JSON.stringify({ command: name })}\n`);
  }

  /** Sends a signal, or asks to quit, and waits for the end. */
  end(how: "quit" | "SIGKILL" | "SIGINT", deadline = 20_000): Promise<number | string | null> {
    if (!this.#exit) {
      if (how === "quit") this.command("quit");
      else this.#child.kill(how);
    }
    return this.exited(deadline, `hotreload to end after ${how}`);
  }

  /** Its exit code, or the signal that ended it. */
  async exited(deadline = DEADLINE, what = "hotreload to end by itself"): Promise<number | string | null> {
    const ended = await this.#changes.until(
      what,
      () => this.#exit,
      deadline,
      () => this.describe(),
    );
    return ended.signal ?? ended.code;
  }

  /** The last messages and the last of standard error, for a failing test. */
  describe(): string {
    const shown = this.messages.slice(-6).map((message) => JSON.stringify(message).slice(0, 1500));
    const file = path.join(this.#logs, "session.stderr");
    const stderr = fs.existsSync(file) ? fs.readFileSync(file, "utf8").slice(-2000) : "";
    return `last messages:\n${shown.join("\n")}${stderr ? `\nstandard error:\n${stderr}` : ""}`;
  }
}
