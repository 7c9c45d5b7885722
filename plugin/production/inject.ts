// Starts the helper that patches processes (plugin/inject), and reads what it answers.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { type Code, failure, type Result, success } from "../errors.js";
import { packageRoot } from "../package_root.js";

const HELPER = "plugin/inject/build/hotreload_inject";

/** Runs one command of the helper: arguments and input as plugin/inject/main.cc has them. */
export type Injector = <T>(args: readonly string[], input?: Buffer) => Promise<Result<T>>;

/**
 * Runs one command of the helper. It is a session of its own: what it has begun it ends, whatever happens to us.
 * Errors: those that the helper reports; E_TOOL if it cannot be started or was killed.
 */
export function inject<T>(args: readonly string[], input?: Buffer): Promise<Result<T>> {
  return new Promise((resolve) => {
    const helper = spawn(join(packageRoot(), HELPER), args, { detached: true, stdio: ["pipe", "pipe", "inherit"] });
    let output = "";
    helper.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      output += chunk;
    });
    helper.stdin.on("error", () => {}); // it answers before it has read all when it refuses
    helper.on("error", (error) => resolve(failure("E_TOOL", `the helper cannot be started: ${error.message}`)));
    helper.on("close", (code, signal) => resolve(answer<T>(output, code, signal)));
    helper.stdin.end(input);
  });
}

function answer<T>(output: string, code: number | null, signal: string | null): Result<T> {
  if (signal === "SIGALRM") {
    return failure(
      "E_TIMEOUT",
      "the helper did not come to an end, and was ended: `hotreload status` says what applies",
    );
  }
  if (output === "") return failure("E_TOOL", `the helper ended without an answer (${signal ?? `exit code ${code}`})`);
  const value = JSON.parse(output) as T | { readonly code: Code; readonly message: string };
  if (code === 0) return success(value as T);
  const refusal = value as { readonly code: Code; readonly message: string };
  return failure(refusal.code, refusal.message);
}
