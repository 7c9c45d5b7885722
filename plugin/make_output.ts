// Separates what make and CMake's makefiles print of their own from what the compilers printed.
import type { BuildText } from "./build.js";
import type { Progress } from "./ninja_output.js";

// `[ 50%] Building CXX object ...`: cmake -E cmake_echo_color --progress-num, without a terminal.
const PROGRESS = /^\[ *(\d+)%\] (.*)$/;
/** Without progress: the messages of steps that CMake does not count. */
const STEP = /^(Consolidate compiler generated dependencies of target|Scanning dependencies of target|Dependee ) ?/;

/** Reads make's standard output as it comes; `onProgress` is called for each step. */
export class MakeOutput {
  private rest = "";
  private built = 0;
  private text = "";

  constructor(private readonly onProgress: (progress: Progress) => void = () => {}) {}

  push(text: string): void {
    const lines = (this.rest + text).split("\n");
    this.rest = lines.pop() ?? "";
    for (const line of lines) this.take(`${line}\n`);
  }

  end(stderr: string): BuildText {
    if (this.rest !== "") this.take(this.rest);
    const own = /^g?make(\[\d+\])?: .*\n?/gm;
    const compilers = stderr.replace(own, "");
    const errors = `${compilers}${this.text}`;
    return { built: this.built, errors: errors.trim() === "" ? stderr : errors, warnings: compilers };
  }

  private take(line: string): void {
    const match = PROGRESS.exec(line.trimEnd());
    if (!match) {
      if (!STEP.test(line) && !/^g?make(\[\d+\])?: /.test(line)) this.text += line;
      return;
    }
    const text = match[2] ?? "";
    if (text.startsWith("Built target")) return;
    this.built += 1;
    this.onProgress({ done: Number(match[1]), total: 100, text });
  }
}
