// A CMake project in a temporary directory, configured and built by the real cmake. Kept when its test fails.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Folder of HotReload.cmake; the tests run from dist/test/cmake. */
export const moduleDir = fileURLToPath(new URL("../../../cmake", import.meta.url));

export interface Outcome {
  readonly ok: boolean;
  /** Standard output and standard error, in this order. */
  readonly output: string;
}

interface CompileCommand {
  readonly command: string;
  readonly file: string;
}

export class ScratchProject {
  readonly dir: string;

  /** @param files path in the project -> text */
  constructor(files: Readonly<Record<string, string>>, name = "hotreload-cmake-") {
    this.dir = mkdtempSync(join(tmpdir(), name));
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(this.dir, path)), { recursive: true });
      writeFileSync(join(this.dir, path), text);
    }
    writeFileSync(this.path("dummy_runtime.c"), "int hotreload_dummy;\n");
    check(run("gcc", ["-shared", "-fPIC", "-o", this.dummyRuntime, this.path("dummy_runtime.c")]));
  }

  /** A library that does nothing, for programs to be linked with instead of the runtime. */
  get dummyRuntime(): string {
    return this.path("libdummy.so");
  }

  path(...parts: readonly string[]): string {
    return join(this.dir, ...parts);
  }

  /** Configures into build/, with Ninja unless another generator is given. */
  configure(...args: readonly string[]): Outcome {
    const generator = args.some((arg) => arg.startsWith("-G")) ? [] : ["-GNinja"];
    return run("cmake", [
      ...["-S", this.dir, "-B", this.path("build"), `-DHOTRELOAD_RUNTIME=${this.dummyRuntime}`],
      ...generator,
      ...args,
    ]);
  }

  /** With HotReload.cmake injected, so that CMakeLists.txt need not know of it. */
  configureInjected(...args: readonly string[]): Outcome {
    return this.configure(`-DCMAKE_PROJECT_TOP_LEVEL_INCLUDES=${join(moduleDir, "HotReload.cmake")}`, ...args);
  }

  build(): Outcome {
    return run("cmake", ["--build", this.path("build")]);
  }

  run(program: string, ...args: readonly string[]): Outcome {
    return run(this.path("build", program), args);
  }

  /** The command that compiles a file, given by the end of its path. */
  compileCommand(file: string): string {
    const database = readFileSync(this.path("build", "compile_commands.json"), "utf8");
    const entry = (JSON.parse(database) as CompileCommand[]).find((candidate) => candidate.file.endsWith(file));
    if (entry === undefined) {
      throw new Error(`no command for ${file} in ${database}`);
    }
    return entry.command;
  }

  remove(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** Runs the body with a new project, which is removed when the body succeeds and named when it fails. */
export function withProject(files: Readonly<Record<string, string>>, body: (project: ScratchProject) => void): void {
  const project = new ScratchProject(files);
  try {
    body(project);
  } catch (error) {
    console.error(`kept: ${project.dir}`);
    throw error;
  }
  project.remove();
}

/** Runs a command to its end; a command that cannot be started is not ok. */
export function run(command: string, args: readonly string[]): Outcome {
  const result = spawnSync(command, args, { encoding: "utf8", maxBuffer: 1 << 26 });
  const output = `${result.stdout ?? ""}${result.stderr ?? ""}${result.error?.message ?? ""}`;
  return { ok: result.status === 0, output };
}

/** The output of a command that must have succeeded. */
export function check(outcome: Outcome): string {
  if (!outcome.ok) {
    throw new Error(outcome.output);
  }
  return outcome.output;
}
