// The compile of one file without anything of ours around it: the command of compile_commands.json, to another output.

import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";

interface Entry {
  readonly directory: string;
  readonly command: string;
  readonly file: string;
}

export class BareCompile {
  readonly #directory: string;
  readonly #words: readonly string[];

  /**
   * @param build where compile_commands.json is
   * @param file name of the source file
   * @param output path of the object that is written instead
   */
  constructor(build: string, file: string, output: string) {
    const entries = JSON.parse(fs.readFileSync(path.join(build, "compile_commands.json"), "utf8")) as Entry[];
    const entry = entries.find((candidate) => path.basename(candidate.file) === file);
    if (!entry) throw new Error(`compile_commands.json has no ${file}`);
    this.#directory = entry.directory;
    const words = entry.command.split(" ").filter((word) => word !== ""); // the benchmark's paths have no spaces
    const at = words.indexOf("-o");
    if (at < 0) throw new Error(`no -o in ${entry.command}`);
    // What ninja adds to write the dependencies is part of the work.
    const dependencies = ["-MD", "-MT", output, "-MF", `${output}.d`];
    this.#words = [...words.slice(0, at), ...dependencies, "-o", output, ...words.slice(at + 2)];
  }

  /** Milliseconds. */
  run(): number {
    const [compiler = "", ...words] = this.#words;
    const start = performance.now();
    const result = spawnSync(compiler, words, { cwd: this.#directory, encoding: "utf8" });
    const time = performance.now() - start;
    if (result.status !== 0) throw new Error(`${this.#words.join(" ")}\n${result.stderr}`);
    return time;
  }
}
