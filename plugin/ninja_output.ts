// Separates what ninja prints of its own (status lines, FAILED, the command) from what the commands printed.
//
// Ninja's own lines are recognised by position, not by looks: each finished step begins with NINJA_STATUS, which
// starts with a control character that no compiler prints (ninja status_printer.cc, BuildEdgeFinished).

import type { BuildText } from "./build.js";

/** A step that ninja finished, out of so many that it knows of. */
export interface Progress {
  readonly done: number;
  readonly total: number;
  /** The step's description: "Building CXX object ...". */
  readonly text: string;
}

const MARK = "\x1e";

/** Value for the environment variable NINJA_STATUS. */
export const NINJA_STATUS = `${MARK}[%f/%t] `;

interface Step {
  readonly progress: Progress;
  /** What ninja names after "FAILED:" and the command, undefined if the step succeeded. */
  readonly failed: string | undefined;
  /** What the command printed, as it printed it. */
  readonly output: string;
}

/** Reads ninja's standard output as it comes; `onProgress` is called for each step. */
export class NinjaOutput {
  private text = "";
  private scanned = 0;

  constructor(private readonly onProgress: (progress: Progress) => void = () => {}) {}

  push(text: string): void {
    this.text += text;
    for (;;) {
      const start = this.text.indexOf(MARK, this.scanned);
      if (start < 0) {
        this.scanned = this.text.length;
        return;
      }
      const end = this.text.indexOf("\n", start);
      if (end < 0) {
        this.scanned = start;
        return;
      }
      this.scanned = end;
      this.onProgress(parseStatus(this.text.slice(start + 1, end)));
    }
  }

  /** @param stderr what ninja wrote to standard error: its own errors, and CMake's when it regenerates build.ninja */
  end(stderr = ""): BuildText {
    const [own = "", ...segments] = withoutClosingLine(this.text).split(MARK);
    const steps: Step[] = [];
    let isLineOpen = false;
    for (const segment of segments) {
      steps.push(parseStep(segment, isLineOpen));
      // Ninja does not end the line of the last output before a status, but before whatever follows that.
      isLineOpen = /[^\n]$/.test(segment);
    }
    const failed = steps.filter((step) => step.failed !== undefined);
    let errors = failed.map((step) => step.output).join("") + own + withoutRegenerationLine(stderr);
    if (errors.trim() === "") errors = failed.map((step) => step.failed).join("");
    const warnings = steps
      .filter((step) => step.failed === undefined && !step.progress.text.startsWith("Re-running CMake"))
      .map((step) => step.output)
      .join("");
    return { built: steps.length, errors, warnings };
  }
}

/** `[3/17] Building CXX object ...` */
function parseStatus(line: string): Progress {
  const match = /^\[(\d+)\/(\d+)\] (.*)$/s.exec(line);
  return { done: Number(match?.[1] ?? 0), total: Number(match?.[2] ?? 0), text: match?.[3] ?? line };
}

function parseStep(segment: string, isLineOpen: boolean): Step {
  const end = segment.indexOf("\n");
  const progress = parseStatus(end < 0 ? segment : segment.slice(0, end));
  let body = end < 0 ? "" : segment.slice(end + 1);
  if (isLineOpen && body.startsWith("\n")) body = body.slice(1);
  // Before the output: an ordinary step. After it: a step that ninja let write to the console itself.
  const before = /^FAILED: [^\n]*\n[^\n]*(\n|$)/.exec(body);
  if (before) return { progress, failed: before[0], output: body.slice(before[0].length) };
  const after = /(?<=\n)FAILED: [^\n]*\n[^\n]*\n?$/.exec(body);
  if (after) return { progress, failed: after[0], output: body.slice(0, after.index) };
  return { progress, failed: undefined, output: body };
}

function withoutClosingLine(text: string): string {
  return text.replace(/(^|\n)ninja: (build stopped: [^\n]*|no work to do)\.\n?$/, "$1");
}

function withoutRegenerationLine(stderr: string): string {
  return stderr.replace(/(^|\n)ninja: error: rebuilding 'build\.ninja': subcommand failed\n?$/, "$1");
}
