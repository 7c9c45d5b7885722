// A temporary directory of a test: removed at the end of a run that succeeded, named by one that failed.
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

export class Scratch {
  readonly path = realpathSync(mkdtempSync(join(tmpdir(), "hotreload-plugin-")));

  constructor() {
    process.on("exit", (code) => {
      if (code === 0) rmSync(this.path, { recursive: true, force: true });
      else console.error(`kept: ${this.path}`);
    });
  }

  join(...parts: readonly string[]): string {
    return join(this.path, ...parts);
  }

  write(name: string, text: string): string {
    mkdirSync(dirname(this.join(name)), { recursive: true });
    writeFileSync(this.join(name), text);
    return this.join(name);
  }

  directory(name: string): string {
    mkdirSync(this.join(name), { recursive: true });
    return this.join(name);
  }
}
