// Temporary directories of tests: removed at the end, or kept and named if the tests fail.

import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const directories: string[] = [];

process.on("exit", (code) => {
  for (const directory of directories) {
    if (code === 0) rmSync(directory, { recursive: true, force: true });
    else console.error(`kept: ${directory}`);
  }
});

/** A file system in memory, if there is one: on a disk thousands of files take their time. */
export const MEMORY = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();

export class Scratch {
  readonly path: string;

  /** @param where for thousands of files: MEMORY */
  constructor(files: Readonly<Record<string, string>> = {}, where = tmpdir()) {
    this.path = realpathSync(mkdtempSync(join(where, "hotreload-devserver-")));
    directories.push(this.path);
    for (const [name, text] of Object.entries(files)) this.write(name, text);
  }

  file(name: string): string {
    return join(this.path, name);
  }

  write(name: string, text: string): string {
    const file = this.file(name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    return file;
  }
}
