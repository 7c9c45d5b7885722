// Lets ninja build: objects or everything, one ninja at a time, each one killable.

import { basename } from "node:path";
import { startCommand } from "./command.js";
import { formatProblem } from "./errors.js";
import type { ObjectPath } from "./graph/graph.js";
import { NINJA_STATUS, NinjaOutput, type NinjaText, type Progress } from "./ninja_output.js";
import { otherBuildsEnded } from "./other_builds.js";

export interface BuildOutcome {
  readonly ok: boolean;
  readonly ms: number;
  /** Failed: the compilers' output exactly as they wrote it. Succeeded: their warnings. */
  readonly output: string;
  /** Steps that ninja ran, 0 if everything was up to date. */
  readonly built: number;
}

// Arguments beyond this many bytes go to further runs of ninja: the kernel's limit is 2 MB with the environment.
const ARGUMENT_BYTES = 100_000;

/** Ninja in one build directory. Its runs never overlap: they would write the same logs. */
export class Ninja {
  private tail: Promise<unknown> = Promise.resolve();
  private manifest: string | undefined;
  /** Names of processes that would write the same logs. */
  private readonly tools: ReadonlySet<string>;

  /**
   * @param buildDir absolute path of the directory of build.ninja
   * @param program the ninja to run, CMake's CMAKE_MAKE_PROGRAM
   * @param signal its abort ends a running ninja with its compilers, and no other is started
   * @param onWait a process that is not ours builds in the directory, and is waited for
   */
  constructor(
    readonly buildDir: string,
    readonly program: string,
    private readonly signal?: AbortSignal,
    private readonly onWait?: (pid: number) => void,
    private readonly argumentBytes = ARGUMENT_BYTES,
  ) {
    this.tools = new Set(["ninja", "ninja-build", "samu", basename(program)]);
  }

  /**
   * What to build by from here on, instead of build.ninja: a copy of it that ninja does not try to bring up to date,
   * for as long as CMake fails. undefined: build.ninja again.
   */
  useManifest(path: string | undefined): void {
    this.manifest = path;
  }

  get usesCopy(): boolean {
    return this.manifest !== undefined;
  }

  /** Builds all default targets. */
  buildAll(onProgress?: (progress: Progress) => void): Promise<BuildOutcome> {
    return this.enqueue(() => this.run([[]], onProgress));
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
    return this.enqueue(() => this.run(chunks(objects, this.argumentBytes), onProgress, superseded));
  }

  /** Resolves when no ninja of ours runs. */
  async idle(): Promise<void> {
    await this.tail;
  }

  /** Resolves when no ninja runs in the directory, ours or another. */
  async quiet(): Promise<void> {
    await this.idle();
    await otherBuildsEnded(this.buildDir, this.tools, this.onWait, this.signal);
  }

  private enqueue<T>(work: () => Promise<T>): Promise<T> {
    const result = this.tail.then(work);
    this.tail = result.catch(() => {});
    return result;
  }

  private async run(
    runs: readonly (readonly string[])[],
    onProgress?: (progress: Progress) => void,
    superseded?: AbortSignal,
  ): Promise<BuildOutcome> {
    const start = performance.now();
    let built = 0;
    let output = "";
    for (const targets of runs) {
      const outcome = await this.runOnce(targets, onProgress, superseded);
      built += outcome.built;
      if (!outcome.ok) return { ok: false, ms: performance.now() - start, output: outcome.errors, built };
      output += outcome.warnings;
    }
    return { ok: true, ms: performance.now() - start, output, built };
  }

  private async runOnce(
    targets: readonly string[],
    onProgress?: (progress: Progress) => void,
    superseded?: AbortSignal,
  ): Promise<NinjaText & { ok: boolean }> {
    const output = new NinjaOutput(onProgress);
    const signals = [this.signal, superseded].filter((signal) => signal !== undefined);
    const manifest = this.manifest === undefined ? [] : ["-f", this.manifest];
    const finished = await startCommand(this.program, [...manifest, "-d", "keepdepfile", "--", ...targets], {
      cwd: this.buildDir,
      env: { ...process.env, NINJA_STATUS },
      onOutput: (text) => output.push(text),
      signal: AbortSignal.any(signals),
    }).finished;
    if (!finished.ok) return { ok: false, built: 0, errors: `${formatProblem(finished.problem)}\n`, warnings: "" };
    const text = output.end(finished.value.stderr);
    const ok = finished.value.code === 0;
    if (!ok && text.errors.trim() === "") {
      const how = finished.value.signal ?? `exit code ${finished.value.code}`;
      return { ...text, ok, errors: `ninja ended with ${how}\n` };
    }
    return { ...text, ok };
  }
}

function chunks(objects: readonly string[], limit: number): string[][] {
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
