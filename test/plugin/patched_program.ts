// A program that is built, run and patched without an agent: it loads what buildPatch() made by itself.
import assert from "node:assert/strict";
import { type ChildProcessWithoutNullStreams, execFile, spawn } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { buildPatch, type PatchOutcome, type ProjectModule } from "../../plugin/build_patch.js";
import { type Introduced, readExports, readModule } from "../../plugin/elf/index.js";
import { failure } from "../../plugin/errors.js";
import type { Linker } from "../../plugin/link.js";
import { packageRoot } from "../../plugin/package_root.js";

const run = promisify(execFile);
const SOURCES = join(packageRoot(), "test/plugin/patched");
const PREPARED = [
  ...["-g", "-fPIC", "-ffunction-sections", "-fdata-sections", "-std=c++17"],
  ...["-falign-functions=16", "-fpatchable-function-entry=8,6"],
];
const GCC_OPTIMISED = ["-flive-patching=inline-clone", "-fno-semantic-interposition"];

export interface Variant {
  readonly compiler: "g++" | "clang++";
  readonly level: "-O0" | "-O2";
  /** Of the patch. */
  readonly linker: Linker;
  /** The unit is part of the program, or a shared library of its own. */
  readonly module: "executable" | "library";
  readonly flags: readonly string[];
  /** For the link of that module. */
  readonly linkFlags: readonly string[];
}

/** `key=value` as the program printed them, in the order of its lines. */
export type Report = Readonly<Record<string, string>>;

export class PatchedProgram {
  readonly #variant: Variant;
  readonly #place: string;
  readonly #lines: AsyncIterator<string>;
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #modules: ProjectModule[] = [];
  readonly #libraries: string[] = [];
  readonly #introduced: Introduced[] = [];
  #start = 0;
  #room = 0;
  /** How often the unit was compiled; the last object, and the one that the process runs. */
  #builds = 1;
  #running = "unit-1.o";

  private constructor(variant: Variant, place: string) {
    this.#variant = variant;
    this.#place = place;
    this.#process = spawn(join(place, "program"), [this.#patchedModule], { cwd: place });
    this.#process.stderr.resume();
    this.#lines = createInterface(this.#process.stdout)[Symbol.asyncIterator]();
  }

  /** Builds version 1 in `place` and starts it; its first report comes with it. */
  static async start(variant: Variant, place: string): Promise<{ program: PatchedProgram; report: Report }> {
    mkdirSync(place, { recursive: true });
    for (const name of ["unit.h", "main.cc", "loader.c", "exports.map"])
      copyFileSync(join(SOURCES, name), join(place, name));
    await compileUnit(variant, place, 1, "unit-1.o");
    await run("gcc", ["-g", "-fPIC", "-I", packageRoot(), "-c", "loader.c"], { cwd: place });
    // What is around the unit needs no preparation.
    await run(variant.compiler, ["-g", "-O1", "-fPIC", "-std=c++17", "-c", "main.cc"], { cwd: place });
    const main = ["main.o", "loader.o", "-pthread", "-Wl,--build-id", "-o", "program"];
    if (variant.module === "library") {
      const library = ["-shared", "unit-1.o", "-Wl,--build-id", "-o", "libunit.so", ...variant.linkFlags];
      await run(variant.compiler, library, { cwd: place });
      await run(variant.compiler, [...main, "libunit.so", "-Wl,-rpath,$ORIGIN"], { cwd: place });
    } else {
      await run(variant.compiler, ["unit-1.o", ...main, ...variant.linkFlags], { cwd: place });
    }
    const program = new PatchedProgram(variant, place);
    const report = await program.#report();
    await program.#survey();
    return { program, report };
  }

  get #patchedModule(): string {
    return join(this.#place, this.#variant.module === "library" ? "libunit.so" : "program");
  }

  async #line(): Promise<string> {
    const { value, done } = await this.#lines.next();
    assert.ok(!done, "the program ended");
    assert.doesNotMatch(value, /^failed:/);
    return value;
  }

  async #report(): Promise<Report> {
    const report: Record<string, string> = {};
    for (let line = await this.#line(); line !== "end"; line = await this.#line()) {
      const [, key, value] = /^((?:main|worker)(?= counter=)|[^=]+)[ =](.*)$/.exec(line) ?? [];
      assert.ok(key !== undefined && value !== undefined, line);
      report[key] = value;
    }
    return report;
  }

  async #survey(): Promise<void> {
    for (let line = await this.#line(); line !== "ready"; line = await this.#line()) {
      const [what, ...values] = line.split(" ");
      if (what === "range") [this.#start, this.#room] = [Number(values[0]), Number(values[1])];
      if (what !== "module") continue;
      const path = values[0] ?? "";
      if (!path.startsWith(this.#place)) {
        this.#libraries.push(path);
        continue;
      }
      const file = await readModule(path, () => []);
      assert.ok(file.ok);
      const { value } = file;
      this.#modules.push({
        path,
        buildId: value.buildId,
        bias: Number(values[1]),
        tlsModule: Number(values[2]),
        file: value,
      });
    }
  }

  /** The patch from what the process runs to another version of the unit. */
  async build(version: number): Promise<PatchOutcome> {
    this.#builds++;
    const object = `unit-${this.#builds}.o`;
    await compileUnit(this.#variant, this.#place, version, object);
    const directory = join(this.#place, `patch-${this.#builds}`);
    mkdirSync(directory);
    return buildPatch({
      linker: this.#variant.linker,
      directory,
      modules: this.#modules,
      introduced: this.#introduced,
      exports: await readExports(this.#libraries),
      commandOf: async () => failure("E_TOOL", "is not known here"),
      lines: true,
      changes: [
        {
          path: this.#patchedModule,
          start: this.#start,
          room: this.#room,
          removed: [],
          objects: [
            {
              id: "unit.o",
              unit: "unit.o",
              version: String(this.#builds),
              before: join(this.#place, this.#running),
              original: join(this.#place, "unit-1.o"),
              lines: join(this.#place, this.#running),
              after: join(this.#place, object),
              undone: [],
            },
          ],
          gone: [],
          others: () => [],
        },
      ],
    });
  }

  /** Loads the patch that was built last, and returns what the program says then. */
  async apply(patch: PatchOutcome): Promise<Report> {
    assert.ok(patch.kind === "hot", JSON.stringify(patch));
    assert.equal(patch.parts.libraries.length, 1);
    this.#process.stdin.write(`${patch.parts.libraries[0]}\n`);
    const [, redirects, size] = /^applied (\d+) (\d+)$/.exec(await this.#line()) ?? [];
    assert.ok(Number(redirects) > 0);
    this.#start += Number(size);
    this.#room -= Number(size);
    this.#introduced.push(...patch.introduced);
    this.#running = `unit-${this.#builds}.o`;
    return this.#report();
  }

  /** Ends the program, and says how it ended. */
  async end(): Promise<number | NodeJS.Signals | null> {
    const ended = new Promise<number | NodeJS.Signals | null>((resolve) => {
      this.#process.once("close", (code, signal) => resolve(code ?? signal));
    });
    this.#process.stdin.end();
    return ended;
  }

  kill(): void {
    this.#process.kill("SIGKILL");
  }
}

/** Compiles the unit at the same place whatever the version is, as an edit does. */
async function compileUnit(variant: Variant, place: string, version: number, object: string): Promise<void> {
  const text = readFileSync(join(SOURCES, "unit.cc"), "utf8");
  writeFileSync(join(place, "unit.cc"), text.replace("#define VERSION 1", `#define VERSION ${version}`));
  const optimised = variant.compiler === "g++" && variant.level !== "-O0" ? GCC_OPTIMISED : [];
  const options = [variant.level, ...PREPARED, ...optimised, ...variant.flags];
  await run(variant.compiler, [...options, "-c", join(place, "unit.cc"), "-o", object], { cwd: place });
}
