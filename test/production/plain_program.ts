// Programs built by plain compilers, running, and the command line that patches them.
//
// HOTRELOAD_PRODUCTION_FLAGS are given to every compiler: with -m32 all is tried with 32-bit programs.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { RunningProgram, runToEnd } from "../examples/example.js";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const cli = join(root, "dist/devserver/cli.js");

export const exampleFolder = (name: string): string => join(root, "examples/production", name);

const everywhere = process.env.HOTRELOAD_PRODUCTION_FLAGS?.split(" ") ?? [];

/** Arguments of taskset. */
export const ONE_PROCESSOR = ["-c", "0"];

export interface Answer {
  readonly code: number | null;
  /** Standard output, one value a line of JSON. */
  readonly lines: readonly Readonly<Record<string, unknown>>[];
  readonly errors: string;
}

/** Runs `hotreload` with --json. */
export function hotreload(...args: readonly string[]): Answer {
  const result = spawnSync(process.execPath, [cli, ...args, "--json"], { encoding: "utf8", timeout: 120_000 });
  const lines = result.stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  return { code: result.status, lines, errors: result.stderr };
}

/** A temporary folder with sources, objects, programs and patch files. */
export class Workshop {
  readonly dir = mkdtempSync(join(tmpdir(), "hotreload-production-"));
  readonly #running: RunningProgram[] = [];
  readonly #flags: readonly string[];

  /** @param flags of every compilation and link */
  constructor(flags: readonly string[] = []) {
    this.#flags = [...everywhere, ...flags];
  }

  path(name: string): string {
    return join(this.dir, name);
  }

  write(name: string, text: string): string {
    writeFileSync(this.path(name), text);
    return this.path(name);
  }

  read(name: string): string {
    return readFileSync(this.path(name), "utf8");
  }

  /** `cc args -o output`, in the folder; returns the output's path. */
  compile(compiler: string, output: string, ...args: readonly string[]): string {
    runToEnd(compiler, [
      ...this.#flags,
      "-Wl,--build-id",
      ...args.map((arg) => (arg.includes("/") || arg.startsWith("-") ? arg : this.path(arg))),
      "-o",
      this.path(output),
    ]);
    return this.path(output);
  }

  /** `cc -c args -o output`. */
  object(compiler: string, output: string, ...args: readonly string[]): string {
    runToEnd(compiler, [
      ...this.#flags,
      "-c",
      ...args.map((arg) => (arg.includes("/") || arg.startsWith("-") ? arg : this.path(arg))),
      "-o",
      this.path(output),
    ]);
    return this.path(output);
  }

  start(program: string, ...args: readonly string[]): RunningProgram {
    return this.#started(new RunningProgram(this.path(program), args));
  }

  /** A program that would take all processors. */
  startOnOneProcessor(program: string, ...args: readonly string[]): RunningProgram {
    return this.#started(new RunningProgram("taskset", [...ONE_PROCESSOR, this.path(program), ...args]));
  }

  #started(running: RunningProgram): RunningProgram {
    this.#running.push(running);
    return running;
  }

  /** `hotreload gen`, which must succeed; returns the path of the patch file. */
  gen(module: string, patch: string, ...args: readonly string[]): string {
    const made = hotreload("gen", "-m", this.path(module), "-o", this.path(patch), ...args);
    if (made.code !== 0) throw new Error(`gen: ${JSON.stringify(made)}`);
    return this.path(patch);
  }

  async end(): Promise<void> {
    for (const program of this.#running) await program.stop("SIGKILL");
  }

  remove(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** A workshop for the body; its folder is kept and named if the body fails. */
export async function withWorkshop(
  body: (workshop: Workshop) => Promise<void>,
  ...flags: readonly string[]
): Promise<void> {
  const workshop = new Workshop(flags);
  try {
    await body(workshop);
  } catch (error) {
    console.error(`kept: ${workshop.dir}`);
    throw error;
  } finally {
    await workshop.end();
  }
  workshop.remove();
}

/** On a busy machine the helper may get no processor for seconds. */
const PATIENCE = ["--timeout", "60"];

/** Applies a patch that must be applicable; returns what `fix` reported. */
export function fix(program: RunningProgram, patch: string, ...args: readonly string[]) {
  return expectOne(hotreload("fix", `${program.pid}`, patch, ...PATIENCE, ...args), "applied");
}

export function undo(program: RunningProgram, ...args: readonly string[]) {
  return expectOne(hotreload("undo", `${program.pid}`, ...PATIENCE, ...args), "undone");
}

function expectOne(answer: Answer, type: string): Readonly<Record<string, unknown>> {
  const [line] = answer.lines;
  if (answer.code !== 0 || line?.type !== type) throw new Error(`expected ${type}: ${JSON.stringify(answer)}`);
  return line;
}

export interface ListedPatch {
  readonly module: string;
  readonly name: string;
  readonly state: string;
  readonly replaces: readonly string[];
  readonly addsVariables: readonly string[];
  readonly sets: readonly string[];
  readonly by: string;
  readonly applied?: string;
}

export function patchesOf(program: RunningProgram): readonly ListedPatch[] {
  const answer = hotreload("status", `${program.pid}`);
  if (answer.code !== 0) throw new Error(JSON.stringify(answer));
  return answer.lines[0]?.patches as ListedPatch[];
}
