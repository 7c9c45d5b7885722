// Fresh directories of the tests, with files in them, and programs that run there.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const spaces: string[] = [];

process.on("exit", (code) => {
  for (const path of spaces) {
    if (code === 0) rmSync(path, { recursive: true, force: true });
    else console.error(`kept: ${path}`);
  }
});

/** A directory with files in it. It is kept, and printed, if the test run fails. */
export class Space {
  readonly path = realpathSync(mkdtempSync(join(tmpdir(), "hotreload-graph-")));

  constructor(files: Readonly<Record<string, string>> = {}) {
    spaces.push(this.path);
    for (const [name, text] of Object.entries(files)) this.write(name, text);
  }

  write(name: string, text: string | Uint8Array): string {
    const file = join(this.path, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    return file;
  }

  /** Standard output of a program that must succeed, run in `directory`. */
  run(directory: string, program: string, ...parameters: string[]): string {
    return execFileSync(program, parameters, {
      cwd: join(this.path, directory),
      encoding: "utf8",
      env: { ...process.env, NINJA_STATUS: "" },
      stdio: ["ignore", "pipe", "pipe"],
      maxBuffer: 1 << 26,
    });
  }
}
