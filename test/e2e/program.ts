// A project under `hotreload dev`, and its running program: what the scenario tests edit and look at.

import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { Changes, DEADLINE } from "./changes.js";
import type { Configuration } from "./configurations.js";
import type { BuildFailed, Failure, Hot, RestartNeeded, Turned, Unchanged, Verdict } from "./dev_messages.js";
import { DevServer } from "./dev_server.js";
import { ProcessMark, startTime } from "./leftover_processes.js";
import { type Fields, TickLog } from "./tick_log.js";
import { type Files, Workspace } from "./workspace.js";

export interface ProgramOptions {
  readonly configuration?: Configuration;
  /** CMake variables; a function is given the workspace. */
  readonly define?: Readonly<Record<string, string | ((workspace: Workspace) => string)>>;
  readonly preset?: string;
  readonly generator?: string;
  readonly environment?: NodeJS.ProcessEnv;
  /** More of it, once the workspace is there. */
  readonly environmentOf?: (workspace: Workspace) => NodeJS.ProcessEnv;
  /** Directory of the CMakeLists.txt in the workspace. */
  readonly project?: string;
  readonly target?: string;
  readonly programArguments?: readonly string[];
  /** Is called when the files are there, before the dev server starts. */
  readonly prepare?: (workspace: Workspace) => void;
  /** A command that runs the dev server in its own place. */
  readonly through?: (workspace: Workspace, build: string) => readonly string[];
  /** Name of the project's directory. */
  readonly folder?: string;
  /** Build directory inside the project's; otherwise it is beside it. */
  readonly buildFolder?: string;
  /** False: no program is started. */
  readonly run?: boolean;
  readonly onUnsupported?: "ask" | "restart" | "ignore";
}

export class Program {
  readonly workspace: Workspace;
  readonly changes = new Changes();
  readonly log = new TickLog(this.changes, () => this.#assertRunning());
  readonly mark = new ProcessMark();
  readonly build: string;
  /** Verdicts of all saves, in order. */
  readonly verdicts: Verdict[] = [];
  server: DevServer;
  readonly #options: ProgramOptions;
  readonly #environment: NodeJS.ProcessEnv;
  #pid = 0;
  readonly #pids = new Set<number>();
  #startTime: string | undefined;
  #serverKilled = false;

  private constructor(files: Files, options: ProgramOptions) {
    this.#options = options;
    this.workspace = new Workspace(files, options.folder);
    options.prepare?.(this.workspace);
    this.#environment = { ...options.environment, ...options.environmentOf?.(this.workspace) };
    const { buildFolder } = options;
    this.build = buildFolder ? this.workspace.path(buildFolder) : path.join(this.workspace.root, "build");
    this.server = this.#startServer(options.run);
  }

  /** Configures, builds and starts; returns when the program runs and is connected. */
  static async start(files: Files, options: ProgramOptions = {}): Promise<Program> {
    const program = new Program(files, options);
    try {
      await program.server.ready();
      if (options.run !== false) await program.connected();
      return program;
    } catch (error) {
      await program.abandon(error);
      throw error;
    }
  }

  #startServer(run: boolean | undefined): DevServer {
    const { configuration, define = {}, project, target, programArguments, preset, generator } = this.#options;
    const { onUnsupported, through } = this.#options;
    const own = Object.entries(define).map(([name, value]) => {
      return [name, typeof value === "string" ? value : value(this.workspace)];
    });
    const options = {
      directory: this.workspace.path(project ?? "."),
      build: this.build,
      define: { ...configuration?.define, ...Object.fromEntries(own) },
      ...(onUnsupported === undefined ? {} : { onUnsupported }),
      ...(through === undefined ? {} : { through: through(this.workspace, this.build) }),
      ...(preset === undefined ? {} : { preset }),
      ...(generator === undefined ? {} : { generator }),
      target,
      programArguments,
      run,
      environment: { ...this.mark.environment(), ...this.#environment },
      logs: this.workspace.root,
    };
    return new DevServer(options, this.changes, (text) => this.log.feed(text));
  }

  /** Kills the dev server alone; the program is expected to go on. */
  async killServer(): Promise<void> {
    assert.equal(await this.server.end("SIGKILL"), "SIGKILL");
    this.#serverKilled = true;
  }

  /** Waits for the end of a dev server that something else kills. */
  async killedServer(): Promise<void> {
    this.#serverKilled = true;
    assert.equal(await this.server.exited(), "SIGKILL");
  }

  /** Another server for the same build, which starts no program. */
  async startServerAgain(): Promise<void> {
    this.server = this.#startServer(false);
    this.#serverKilled = false;
    await this.server.ready();
  }

  get pid(): number {
    return this.#pid;
  }

  /** Waits for a process to connect, other than those known so far; from here on it is the program. */
  async connected(pid?: number): Promise<void> {
    const state = await this.server.until("a process to connect", () =>
      this.server
        .processStates()
        .find(
          (state) =>
            state.state === "connected" && (pid === undefined ? !this.#pids.has(state.pid) : state.pid === pid),
        ),
    );
    this.#pid = state.pid;
    this.#pids.add(state.pid);
    this.#startTime = startTime(state.pid);
    assert.ok(this.#startTime, `process ${state.pid} is connected, so it exists`);
  }

  /** The program is the process that was started, and was never replaced. */
  same(): void {
    assert.equal(startTime(this.#pid), this.#startTime, `process ${this.#pid} goes on`);
    const ended = this.server.processStates().filter((state) => state.state === "exited" && state.pid === this.#pid);
    assert.deepEqual(ended, [], "the program did not end");
  }

  #assertRunning(): void {
    if (!this.#serverKilled) this.server.assertRunning();
    const ended = this.server.processStates().find((state) => state.state === "exited" && state.pid === this.#pid);
    assert.ok(!ended, `the program ended: ${JSON.stringify(ended)}\n${this.server.describe()}`);
  }

  edit(name: string, from: string, to: string): void {
    this.server.forgetVerdicts();
    this.workspace.edit(name, from, to);
  }

  /** Several files in one go: a map from file name to [from, to]. */
  editAll(edits: Readonly<Record<string, readonly [string, string]>>): void {
    this.server.forgetVerdicts();
    for (const [name, [from, to]] of Object.entries(edits)) this.workspace.edit(name, from, to);
  }

  save(name: string, text: string): void {
    this.server.forgetVerdicts();
    this.workspace.write(name, text);
  }

  async nextVerdict(deadline = DEADLINE): Promise<Verdict> {
    const verdict = await this.server.nextVerdict(deadline);
    this.verdicts.push(verdict);
    return verdict;
  }

  async #verdict<T extends Verdict["type"]>(type: T, deadline?: number): Promise<Extract<Verdict, { type: T }>> {
    const verdict = await this.nextVerdict(deadline);
    assert.ok(verdict.type === type, `the verdict is ${JSON.stringify(verdict).slice(0, 3000)}, not ${type}`);
    return verdict as Extract<Verdict, { type: T }>;
  }

  /** The next verdict is `hot`; each pattern matches one of the functions that were replaced. */
  async hot(...functions: readonly RegExp[]): Promise<Hot> {
    const hot = await this.#verdict("hot");
    const { total, build, diff, link, bind, apply } = hot.ms;
    for (const ms of [total, build, diff, link, bind, apply]) assert.ok(ms >= 0, JSON.stringify(hot.ms));
    assert.ok(hot.patch >= 1 && Array.isArray(hot.variables) && Array.isArray(hot.files));
    for (const pattern of functions) {
      assert.ok(
        hot.functions.some((name) => pattern.test(name)),
        `no ${pattern} among ${hot.functions.join(", ")}`,
      );
    }
    return hot;
  }

  /** The verdict is `hot`; `unchanged` may come before it, for a save that no process was there for. */
  async hotAtLast(...functions: readonly RegExp[]): Promise<Hot> {
    const { server } = this;
    await server.until("hot", () =>
      server.pendingVerdicts().some(({ type }) => type !== "unchanged") ? true : undefined,
    );
    while (server.pendingVerdicts()[0]?.type === "unchanged") await this.nextVerdict();
    return this.hot(...functions);
  }

  /** Touches a file, and takes all verdicts up to the one of this: whatever was saved before has had its own. */
  async settle(name: string): Promise<readonly Verdict[]> {
    const file = this.workspace.path(name);
    this.workspace.touch(name);
    const verdicts: Verdict[] = [];
    for (;;) {
      const verdict = await this.nextVerdict();
      verdicts.push(verdict);
      if ("files" in verdict && verdict.files.includes(file)) return verdicts;
    }
  }

  /** The next verdict is `hot`, or `unchanged` where the compiler makes the same code of it. */
  async hotOrUnchanged(): Promise<Hot | Unchanged> {
    const verdict = await this.nextVerdict();
    if (verdict.type === "hot" || verdict.type === "unchanged") return verdict;
    assert.fail(`the verdict is ${JSON.stringify(verdict).slice(0, 3000)}, neither hot nor unchanged`);
  }

  unchanged(): Promise<Unchanged> {
    return this.#verdict("unchanged");
  }

  buildFailed(): Promise<BuildFailed> {
    return this.#verdict("buildFailed");
  }

  /** CMake failed, and its message is in the detail. */
  async configureFailed(): Promise<Failure> {
    const failure = await this.#verdict("error");
    assert.equal(failure.code, "E_CONFIGURE", JSON.stringify(failure));
    return failure;
  }

  restartNeeded(): Promise<RestartNeeded> {
    return this.#verdict("restartNeeded");
  }

  /** Undoes or redoes by a command, and waits for the report. */
  async turn(way: "undo" | "redo"): Promise<Turned> {
    const { messages } = this.server;
    const known = messages.length;
    this.server.command(way);
    const types: readonly string[] = ["undone", "redone", "error"];
    const found = () => messages.slice(known).find(({ type }) => types.includes(type));
    const message = await this.server.until(way, found);
    assert.ok(message.type === (way === "undo" ? "undone" : "redone"), JSON.stringify(message));
    return message;
  }

  shows(expected: Fields): Promise<void> {
    return this.log.shows(expected);
  }

  goesOn(count?: number): Promise<void> {
    return this.log.goesOn(count);
  }

  /** Ends everything as a user does, and checks that nothing is left running. */
  async quit(): Promise<void> {
    assert.equal(await this.server.end("quit"), 0, "hotreload ends with 0");
    const left = this.mark.running();
    assert.deepEqual(left.map(commandLine), [], "no process is left");
    this.workspace.dispose();
  }

  /** Ends everything after a failure. The directory stays, and the error says where it is. */
  async abandon(error: unknown): Promise<void> {
    fs.writeFileSync(path.join(this.workspace.root, "output.txt"), this.log.lines.join("\n"));
    this.mark.killAll();
    if (error instanceof Error) {
      const places = (error.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line));
      error.message += `\nkept: ${this.workspace.root}`;
      error.stack = [error.name, ...places].join("\n"); // uvu prints the message by itself
    }
    console.error(`\nkept: ${this.workspace.root}`);
  }
}

function commandLine(pid: number): string {
  try {
    return `${pid} ${fs.readFileSync(`/proc/${pid}/cmdline`, "latin1").replaceAll("\0", " ")}`;
  } catch {
    return String(pid);
  }
}
