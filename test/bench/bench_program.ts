// A generated project under `hotreload dev`, with the time at which each line of its program came.

import path from "node:path";
import { Changes } from "../e2e/changes.js";
import type { Hot, Ready } from "../e2e/dev_messages.js";
import { DevServer } from "../e2e/dev_server.js";
import { ProcessMark } from "../e2e/leftover_processes.js";
import { type Files, Workspace } from "../e2e/workspace.js";

export const DEFINE = { CMAKE_BUILD_TYPE: "Debug" };

const LINE_DEADLINE = 120_000;

export class BenchProgram {
  readonly workspace: Workspace;
  readonly build: string;
  readonly server: DevServer;
  ready: Ready = { type: "ready", buildMs: 0 };
  pid = 0;
  readonly #changes = new Changes();
  readonly #mark = new ProcessMark();
  readonly #times = new Map<string, number>();
  #partial = "";

  private constructor(files: Files, target: string) {
    this.workspace = new Workspace(files);
    this.build = path.join(this.workspace.root, "build");
    const options = {
      directory: this.workspace.directory,
      build: this.build,
      define: DEFINE,
      target,
      environment: this.#mark.environment(),
      logs: this.workspace.root,
    };
    this.server = new DevServer(options, this.#changes, (text) => this.#feed(text));
  }

  static async start(files: Files, target: string): Promise<BenchProgram> {
    const program = new BenchProgram(files, target);
    program.ready = await program.server.ready(3_600_000);
    const connected = program.server.processStates().find(({ state }) => state === "connected");
    program.pid = connected?.pid ?? 0;
    return program;
  }

  #feed(text: string): void {
    const now = performance.now();
    const lines = (this.#partial + text).split("\n");
    this.#partial = lines.pop() ?? "";
    for (const line of lines) this.#times.set(line, now);
  }

  /** Waits for a line; the time, of performance.now(), at which it came. */
  line(text: string): Promise<number> {
    return this.server.until(`the line "${text}"`, () => this.#times.get(text), LINE_DEADLINE);
  }

  /** Waits for the first line that the pattern matches. */
  matching(pattern: RegExp): Promise<RegExpExecArray> {
    return this.server.until(
      `a line like ${pattern}`,
      () => {
        for (const line of this.#times.keys()) {
          const match = pattern.exec(line);
          if (match) return match;
        }
        return undefined;
      },
      LINE_DEADLINE,
    );
  }

  async hot(): Promise<Hot> {
    const verdict = await this.server.nextVerdict(LINE_DEADLINE);
    if (verdict.type !== "hot") throw new Error(`not hot, but ${JSON.stringify(verdict)}`);
    return verdict;
  }

  async quit(): Promise<void> {
    await this.server.end("quit");
    this.#mark.killAll();
    this.workspace.dispose();
  }
}
