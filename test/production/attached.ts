// A program that plain CMake and Ninja have built, and `hotreload attach` beside it.
import { readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { RunningProgram, runToEnd } from "../examples/example.js";
import type { Workshop } from "./plain_program.js";

const cli = fileURLToPath(new URL("../../devserver/cli.js", import.meta.url));

export interface AttachReport {
  readonly type: string;
  readonly code?: string;
  readonly message?: string;
  readonly pid?: number;
  readonly files?: readonly string[];
  readonly functions?: readonly string[];
  readonly variables?: readonly string[];
  readonly notes?: readonly string[];
  readonly missing?: readonly string[];
  readonly modules?: readonly string[];
  readonly patches?: readonly string[];
  readonly stoppedMs?: number;
  readonly stillRunning?: readonly { readonly function: string }[];
  readonly diagnostics?: readonly { readonly line: number }[];
  readonly reasons?: readonly {
    readonly code: string;
    readonly message: string;
    readonly file?: string;
    readonly line?: number;
  }[];
  readonly state?: string;
}

const VERDICTS: ReadonlySet<string> = new Set(["hot", "unchanged", "buildFailed", "restartNeeded", "error"]);

/** A project in a workshop. */
export class PlainProject {
  readonly #first: Readonly<Record<string, string>>;

  constructor(
    private readonly workshop: Workshop,
    files: Readonly<Record<string, string>>,
  ) {
    this.#first = files;
    this.reset();
  }

  /** Configures and builds with no word of hotreload's. */
  build(...args: readonly string[]): void {
    const build = this.path("build");
    runToEnd("cmake", ["-S", this.workshop.dir, "-B", build, "-GNinja", ...args]);
    runToEnd("ninja", ["-C", build]);
  }

  path(...parts: readonly string[]): string {
    return join(this.workshop.dir, ...parts);
  }

  edit(file: string, from: string, to: string): void {
    const text = readFileSync(this.path(file), "utf8");
    if (!text.includes(from)) throw new Error(`${file} has no ${from}`);
    writeFileSync(this.path(file), text.replaceAll(from, to));
  }

  /** Saves a file as it is. */
  touch(file: string): void {
    const later = new Date(Date.now() + 1000); // another time, however coarse the file system's clock is
    utimesSync(this.path(file), later, later);
  }

  /** Every file, or one of them, has its first text again. */
  reset(only?: string): void {
    for (const [file, text] of Object.entries(this.#first)) {
      if (only !== undefined && file !== only) continue;
      const isSame = (() => {
        try {
          return readFileSync(this.path(file), "utf8") === text;
        } catch {
          return false;
        }
      })();
      if (!isSame) writeFileSync(this.path(file), text);
    }
  }
}

/** `hotreload attach --json`, running. */
export class AttachCommand {
  readonly #command: RunningProgram;

  constructor(pid: number, ...args: readonly string[]) {
    this.#command = new RunningProgram(process.execPath, [
      cli,
      "attach",
      `${pid}`,
      "--json",
      "--timeout",
      "60",
      ...args,
    ]);
  }

  /** The first report of these types, by now or later. */
  async report(...types: readonly string[]): Promise<AttachReport> {
    return this.#find(0, new Set(types));
  }

  /** What becomes of an edit. */
  async verdict(edit: () => void): Promise<AttachReport> {
    const from = this.#command.lines.length;
    edit();
    return this.#find(from, VERDICTS);
  }

  interrupt() {
    return this.#command.stop("SIGINT");
  }

  get ended() {
    return this.#command.ended;
  }

  async #find(from: number, types: ReadonlySet<string>): Promise<AttachReport> {
    const parse = (line: string) => JSON.parse(line) as AttachReport;
    return parse(await this.#command.waitForLine((line) => types.has(parse(line).type), 60_000, from));
  }
}

/** Attaches for the body, and ends the command whatever happens. */
export async function attached<T>(
  pid: number,
  args: readonly string[],
  body: (command: AttachCommand) => Promise<T>,
): Promise<T> {
  const command = new AttachCommand(pid, ...args);
  try {
    return await body(command);
  } finally {
    await command.interrupt();
  }
}
