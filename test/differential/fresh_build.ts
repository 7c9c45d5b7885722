// The same program, freshly linked from the objects of the same compile, and started anew with the state of the live one.
//
// A second tree has the same objects, by links, and a copy of ninja's logs, so that ninja only has to link.
// What is compared is what a process makes of objects, not what a compiler makes of sources.

import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";

export type Run =
  | { readonly kind: "ended"; readonly output: string }
  | { readonly kind: "failed"; readonly how: string };

export class FreshBuild {
  readonly #from: string;
  readonly #build: string;
  readonly #copied = new Map<string, bigint>();

  constructor(from: string, build: string) {
    this.#from = from;
    this.#build = build;
    fs.rmSync(build, { recursive: true, force: true });
  }

  /** False if the program does not link: then the process that was reloaded is ahead of any that could be built. */
  link(): boolean {
    for (const top of fs.readdirSync(this.#from)) {
      if (top !== ".hotreload") this.#copyAll(top); // in which a dev server works meanwhile
    }
    const result = spawnSync("ninja", ["-C", this.#build, "subject"], { encoding: "utf8" });
    if (/: (Building|Generating)|Re-running CMake/.test(result.stdout)) {
      throw new Error(`the fresh tree compiles by itself: ${result.stdout.slice(0, 2000)}`);
    }
    return result.status === 0;
  }

  #copyAll(name: string): void {
    if (/(^|\/)(subject|lib[^/]*\.(so|a))$/.test(name)) return;
    this.#copy(name);
    const from = path.join(this.#from, name);
    if (!fs.statSync(from, { throwIfNoEntry: false })?.isDirectory()) return;
    for (const entry of fs.readdirSync(from)) this.#copyAll(path.join(name, entry));
  }

  #copy(name: string): void {
    const from = path.join(this.#from, name);
    const to = path.join(this.#build, name);
    const status = fs.statSync(from, { bigint: true, throwIfNoEntry: false });
    if (status === undefined) return;
    if (status.isDirectory()) {
      fs.mkdirSync(to, { recursive: true });
    } else if (status.isFile() && this.#copied.get(name) !== status.mtimeNs) {
      fs.rmSync(to, { force: true });
      // A link has the time that ninja's log speaks of, to the nanosecond. The logs themselves are written to.
      if (name.startsWith(".ninja")) fs.copyFileSync(from, to);
      else fs.linkSync(from, to);
      this.#copied.set(name, status.mtimeNs);
    }
  }

  /** @param filling of memory that is allocated and freed: a program that reads what it did not write shows it */
  run(state: string, input: number, filling = 0): Run {
    const out = `${state}.fresh`;
    fs.rmSync(out, { force: true });
    const result = spawnSync(path.join(this.#build, "subject"), ["once", state, String(input), out], {
      timeout: 30_000,
      // It comes before the directory that the linker wrote down, which is that of the first tree.
      env: {
        ...process.env,
        LD_LIBRARY_PATH: this.#build,
        MALLOC_PERTURB_: String(filling),
        STACK_ELSEWHERE: "x".repeat(filling * 16),
      },
      stdio: "ignore",
    });
    if (result.status !== 0) return { kind: "failed", how: result.signal ?? `exit ${result.status}` };
    return { kind: "ended", output: fs.readFileSync(out, "latin1") };
  }
}
