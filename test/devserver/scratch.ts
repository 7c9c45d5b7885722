// Temporary directories of tests: removed at the end, or kept and named if the tests fail.

import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const directories: string[] = [];

process.on("exit", (code) => {
  for (const directory of directories) {
    if (code === 0) rmSync(directory, { recursive: true, force: true });
    else console.error(`kept: ${directory}`);
  }
});

export class Scratch {
  readonly path = realpathSync(mkdtempSync(join(tmpdir(), "hotreload-devserver-")));

  constructor(files: Readonly<Record<string, string>> = {}) {
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
