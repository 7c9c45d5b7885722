// Lets the project's build tool build: objects or everything, one run at a time, each one killable.

import { copyFileSync, mkdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { startCommand } from "./command.js";
import { formatProblem } from "./errors.js";
import type { ObjectPath } from "./graph/graph.js";
import { NINJA_STATUS, NinjaOutput, type Progress } from "./ninja_output.js";
import { otherBuildsEnded } from "./other_builds.js";

export interface BuildOutcome {
  readonly ok: boolean;
  readonly ms: number;
  /** Failed: the compilers' output exactly as they wrote it. Succeeded: their warnings. */
  readonly output: string;
  /** Steps that were run, 0 if everything was up to date. */
  readonly built: number;
}

/** What the tool printed, taken apart. */
export interface BuildText {
  readonly built: number;
  /** Of a failed build: what the failed commands printed. */
  readonly errors: string;
  /** What the commands that succeeded printed: the compilers' warnings. */
  readonly warnings: string;
}

/** One run of the tool. */
export interface BuildRun {
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly output: { push(text: string): void; end(stderr: string): BuildText };
}

// Arguments beyond this many bytes go to further runs: the kernel's limit is 2 MB with the environment.
const ARGUMENT_BYTES = 100_000;

/** Ninja or make in one build directory. Its runs never overlap: they would write the same files. */
export abstract class BuildTool {
  private tail: Promise<unknown> = Promise.resolve();

  /**
   * @param buildDir absolute path
   * @param program the ninja or make to run, CMake's CMAKE_MAKE_PROGRAM
   * @param signal its abort ends a running tool with its compilers, and no other is started
   * @param onWait a process that is not ours builds in the directory, and is waited for
   */
  constructor(
    readonly buildDir: string,
    readonly program: string,
    private readonly signal?: AbortSignal,
    private readonly onWait?: (pid: number) => void,
    protected readonly argumentBytes = ARGUMENT_BYTES,
  ) {}

  /** Names of processes that would write the same files. */
  protected abstract readonly names: readonly string[];
  protected abstract runsForAll(onProgress?: (progress: Progress) => void): BuildRun[];
  protected abstract runsForTargets(names: readonly string[], onProgress?: (progress: Progress) => void): BuildRun[];
  protected abstract runsFor(objects: readonly ObjectPath[], onProgress?: (progress: Progress) => void): BuildRun[];

  /** CMake runs, and may fail: from here on, builds go by what it wrote before. */
  abstract beforeConfigure(): void;
  /** CMake has succeeded. */
  abstract afterConfigure(): void;

  /** Builds all default targets. */
  buildAll(onProgress?: (progress: Progress) => void): Promise<BuildOutcome> {
    return this.enqueue(() => this.run(this.runsForAll(onProgress)));
  }

  /**
   * Builds these objects and nothing else; no object means no work.
   * @param superseded its abort ends this build alone, which has failed then
   */
  buildObjects(
    objects: readonly ObjectPath[],
    onProgress?: (progress: Progress) => void,
    superseded?: AbortSignal,
  ): Promise<BuildOutcome> {
    const runs = (): BuildRun[] => (objects.length === 0 ? [] : this.runsFor(objects, onProgress));
    return this.enqueue(() => this.run(runs(), superseded));
  }

  /**
   * Builds these targets with all that they need.
   * @param names as CMake has them
   */
  buildTargets(
    names: readonly string[],
    onProgress?: (progress: Progress) => void,
    superseded?: AbortSignal,
  ): Promise<BuildOutcome> {
    return this.enqueue(() => this.run(this.runsForTargets(names, onProgress), superseded));
  }

  /** Resolves when nothing of ours runs. */
  async idle(): Promise<void> {
    await this.tail;
  }

  /** Resolves when nobody builds in the directory, we or another. */
  async quiet(): Promise<void> {
    await this.idle();
    const names = new Set([...this.names, basename(this.program)]);
    await otherBuildsEnded(this.buildDir, names, this.onWait, this.signal);
  }

  private enqueue<T>(work: () => Promise<T>): Promise<T> {
    const result = this.tail.then(work);
    this.tail = result.catch(() => {});
    return result;
  }

  private async run(runs: readonly BuildRun[], superseded?: AbortSignal): Promise<BuildOutcome> {
    const start = performance.now();
    let built = 0;
    let output = "";
    for (const run of runs) {
      const outcome = await this.runOnce(run, superseded);
      built += outcome.built;
      if (!outcome.ok) return { ok: false, ms: performance.now() - start, output: outcome.errors, built };
      output += outcome.warnings;
    }
    return { ok: true, ms: performance.now() - start, output, built };
  }

  private async runOnce(
    { args, env, output }: BuildRun,
    superseded?: AbortSignal,
  ): Promise<BuildText & { ok: boolean }> {
    const signals = [this.signal, superseded].filter((signal) => signal !== undefined);
    const finished = await startCommand(this.program, args, {
      cwd: this.buildDir,
      env: { ...process.env, ...env },
      onOutput: (text) => output.push(text),
      signal: AbortSignal.any(signals),
    }).finished;
    if (!finished.ok) return { ok: false, built: 0, errors: `${formatProblem(finished.problem)}\n`, warnings: "" };
    const text = output.end(finished.value.stderr);
    const ok = finished.value.code === 0;
    if (!ok && text.errors.trim() === "") {
      const how = finished.value.signal ?? `exit code ${finished.value.code}`;
      return { ...text, ok, errors: `${basename(this.program)} ended with ${how}\n` };
    }
    return { ...text, ok };
  }
}

export class Ninja extends BuildTool {
  protected readonly names = ["ninja", "ninja-build", "samu"];
  private isCopyUsed = false;

  /** A copy of build.ninja serves as long as CMake fails, since ninja does not try to bring that up to date. */
  beforeConfigure(): void {
    if (this.isCopyUsed) return;
    mkdirSync(dirname(this.copy), { recursive: true, mode: 0o700 });
    copyFileSync(join(this.buildDir, "build.ninja"), this.copy);
    this.isCopyUsed = true;
  }

  afterConfigure(): void {
    this.isCopyUsed = false;
  }

  protected runsForAll(onProgress?: (progress: Progress) => void): BuildRun[] {
    return [this.runFor([], onProgress)];
  }

  protected runsForTargets(names: readonly string[], onProgress?: (progress: Progress) => void): BuildRun[] {
    return [this.runFor(names, onProgress)];
  }

  protected runsFor(objects: readonly ObjectPath[], onProgress?: (progress: Progress) => void): BuildRun[] {
    return chunks(objects, this.argumentBytes).map((some) => this.runFor(some, onProgress));
  }

  private get copy(): string {
    return join(this.buildDir, ".hotreload", "build.ninja");
  }

  private runFor(targets: readonly string[], onProgress?: (progress: Progress) => void): BuildRun {
    const manifest = this.isCopyUsed ? ["-f", this.copy] : [];
    const args = [...manifest, "-d", "keepdepfile", "--", ...targets];
    return { args, env: { NINJA_STATUS }, output: new NinjaOutput(onProgress) };
  }
}

/** Lists of at most so many bytes each. */
export function chunks(objects: readonly string[], limit: number): string[][] {
  const result: string[][] = [];
  let bytes = 0;
  for (const object of objects) {
    const length = Buffer.byteLength(object) + 1;
    const last = result.at(-1);
    if (last === undefined || bytes + length > limit) {
      result.push([object]);
      bytes = length;
    } else {
      last.push(object);
      bytes += length;
    }
  }
  return result;
}
