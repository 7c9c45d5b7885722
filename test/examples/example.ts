// An example of the repository, built with HotReload.cmake and the runtime in a temporary build directory.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../../", import.meta.url));

export class Example {
  /** Temporary: build/ in it, and whatever the test puts beside it. */
  readonly dir: string;

  private constructor(dir: string) {
    this.dir = dir;
  }

  /** Configures and builds examples/<name>; throws with the output of what failed. */
  static build(name: string, ...args: readonly string[]): Example {
    const example = new Example(mkdtempSync(join(tmpdir(), `hotreload-${name}-`)));
    const build = example.path("build");
    const injected = `-DCMAKE_PROJECT_TOP_LEVEL_INCLUDES=${root}cmake/HotReload.cmake`;
    runToEnd("cmake", ["-S", join(root, "examples", name), "-B", build, "-GNinja", injected, ...args]);
    runToEnd("cmake", ["--build", build]);
    return example;
  }

  path(...parts: readonly string[]): string {
    return join(this.dir, ...parts);
  }

  start(program: string, ...args: readonly string[]): RunningProgram {
    return new RunningProgram(this.path("build", program), args);
  }

  remove(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}

export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A started program and the lines that it has printed so far. */
export class RunningProgram {
  readonly lines: string[] = [];
  readonly ended: Promise<Ending>;
  private readonly child: ChildProcess;
  private readonly waiting = new Set<() => void>();

  constructor(path: string, args: readonly string[]) {
    const child = spawn(path, args, { stdio: ["ignore", "pipe", "inherit"] });
    this.child = child;
    createInterface({ input: child.stdout }).on("line", (line) => {
      this.lines.push(line);
      this.notify();
    });
    this.ended = new Promise((resolve) => {
      child.on("close", (code, signal) => resolve({ code, signal }));
    });
    this.ended.then(() => this.notify());
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** The first line from now on that is wanted; rejects as waitForLine does. */
  waitForNewLine(isWanted: (line: string) => boolean, deadlineMs = 60_000): Promise<string> {
    return this.waitForLine(isWanted, deadlineMs, this.lines.length);
  }

  /** The first line that is wanted; rejects if the program ends or the deadline passes before. */
  waitForLine(isWanted: (line: string) => boolean, deadlineMs = 30_000, from = 0): Promise<string> {
    let next = from;
    const findWanted = (): string | undefined => {
      while (next < this.lines.length) {
        const line = this.lines[next++];
        if (line !== undefined && isWanted(line)) return line;
      }
      return undefined;
    };
    return new Promise((resolve, reject) => {
      const finish = (settle: () => void): void => {
        clearTimeout(deadline);
        this.waiting.delete(look);
        settle();
      };
      const deadline = setTimeout(
        () => finish(() => reject(new Error(`not printed: ${this.lines.slice(-50)}`))),
        deadlineMs,
      );
      const look = (): void => {
        const found = findWanted();
        if (found !== undefined) finish(() => resolve(found));
        else if (this.child.exitCode !== null) finish(() => reject(new Error(`ended: ${this.lines.slice(-50)}`)));
      };
      this.waiting.add(look);
      look();
    });
  }

  stop(signal: NodeJS.Signals): Promise<Ending> {
    this.child.kill(signal);
    return this.ended;
  }

  private notify(): void {
    for (const look of this.waiting) look();
  }
}

/** Builds an example for the body, and removes it when the body succeeds; names its directory when it fails. */
export async function withExample(
  name: string,
  args: readonly string[],
  body: (example: Example) => Promise<void>,
): Promise<void> {
  const example = Example.build(name, ...args);
  try {
    await body(example);
  } catch (error) {
    console.error(`kept: ${example.dir}`);
    throw error;
  }
  example.remove();
}

/** Standard output of a command that must succeed. */
export function runToEnd(command: string, args: readonly string[]): string {
  const result = spawnSync(command, args, { encoding: "utf8", maxBuffer: 1 << 26 });
  if (result.status !== 0) {
    throw new Error(`${command} ${args.join(" ")}\n${result.error?.message ?? result.stdout + result.stderr}`);
  }
  return result.stdout;
}
