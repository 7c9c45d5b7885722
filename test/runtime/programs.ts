// Builds the runtime and its test programs, and runs programs to their end.

import { execFile } from "node:child_process";
import { join } from "node:path";
import { packageRoot } from "../../plugin/package_root.js";

export interface Ended {
  /** Exit status, or the name of the signal. */
  readonly status: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

const DEADLINE_MS = 120_000;

/** Runs a program; `input` is all of its standard input. */
export function run(
  program: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly input?: string } = {},
): Promise<Ended> {
  return new Promise((resolve) => {
    const settings = { cwd: options.cwd, timeout: DEADLINE_MS, maxBuffer: 1 << 26 };
    const child = execFile(program, args, settings, (error, stdout, stderr) => {
      const failed = error as { code?: number | string; signal?: string } | null;
      resolve({ status: failed === null ? 0 : (failed.signal ?? failed.code ?? 1), stdout, stderr });
    });
    child.stdin?.on("error", () => {});
    child.stdin?.end(options.input ?? "");
  });
}

/** Runs a program that must succeed. */
export async function build(program: string, args: readonly string[], cwd?: string): Promise<void> {
  const { status, stdout, stderr } = await run(program, args, cwd === undefined ? {} : { cwd });
  if (status !== 0) throw new Error(`${program} ${args.join(" ")}: ${status}\n${stdout}${stderr}`);
}

export const runtimeSource = join(packageRoot(), "runtime");
export const runtimeInclude = join(runtimeSource, "include");
export const testSource = join(packageRoot(), "test", "runtime");

/** Builds libhotreload.so as a user would, and gives back its path. */
export async function buildRuntime(directory: string): Promise<string> {
  await build("cmake", ["-S", runtimeSource, "-B", directory, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release"]);
  await build("ninja", ["-C", directory]);
  return join(directory, "libhotreload.so");
}

/** Builds the test programs in C. */
export async function buildPrograms(directory: string, sanitize: boolean): Promise<void> {
  const flags = sanitize
    ? ["-DSANITIZE=ON", "-DCMAKE_BUILD_TYPE=Debug"]
    : ["-DSANITIZE=OFF", "-DCMAKE_BUILD_TYPE=RelWithDebInfo"];
  await build("cmake", ["-S", testSource, "-B", directory, "-G", "Ninja", ...flags]);
  await build("ninja", ["-C", directory]);
}
