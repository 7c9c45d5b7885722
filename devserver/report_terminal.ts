// Reports for a person: one line a save, what to know about it below, compilers' output as it was written.

import { relative } from "node:path";
import type { Colors } from "picocolors/types.js";
import { formatProblem, type Problem } from "../plugin/errors.js";
import type { Report, Reporter, Timings } from "./report.js";
import type { StillRunning } from "./stacks.js";

export interface TerminalOptions {
  /** Paths are shown relative to it. */
  readonly projectDir: string;
  readonly colors: Colors;
  /** True if the terminal can take a progress line back. */
  readonly interactive: boolean;
  readonly write: (text: string) => void;
}

const MOST_NAMES = 6;
const MOST_FILES = 3;
const MOST_PATCHES = 5;

export function terminalReporter(options: TerminalOptions): Reporter {
  const { write, colors, interactive } = options;
  let transient = false;
  const show = (text: string): void => {
    if (transient) write("\r\x1b[K");
    transient = false;
    write(text.endsWith("\n") ? text : `${text}\n`);
  };
  return (report) => {
    if (report.type === "progress" && report.stage === "build" && report.total !== undefined) {
      if (!interactive) return;
      write(`\r\x1b[K${colors.dim(`[${report.done}/${report.total}] ${report.text}`.slice(0, 79))}`);
      transient = true;
      return;
    }
    show(terminalText(report, options));
  };
}

/** The text of one report, of one or several lines. */
export function terminalText(report: Report, options: Pick<TerminalOptions, "projectDir" | "colors">): string {
  const { colors, projectDir } = options;
  const files = (paths: readonly string[]): string =>
    cut(
      paths.map((path) => shown(path, projectDir)),
      MOST_FILES,
    );
  switch (report.type) {
    case "progress":
      return colors.dim(report.text);
    case "ready": {
      const built = `${colors.green("ready")}  built in ${Math.round(report.buildMs)} ms`;
      if (report.pid === undefined) return `${built}; start the program, and it connects by itself`;
      return `${built}, process ${report.pid} connected in ${Math.round(report.readyMs)} ms`;
    }
    case "process":
      return report.state === "connected"
        ? colors.dim(`process ${report.pid} connected`)
        : [`process ${report.pid} exited${exitText(report)}`, ...crashNote(report, projectDir)].join("\n");
    case "attached": {
      const what = report.modules.map((path) => shown(path, projectDir)).join(", ");
      const line = `${colors.green("attached")}  process ${report.pid}  ${what}`;
      return [line, ...report.missing.map((text) => colors.dim(`     ${text}`))].join("\n");
    }
    case "detached": {
      const line = `${colors.green("detached")}  process ${report.pid}`;
      if (report.patches.length === 0) return `${line} runs what was linked`;
      return `${line} goes on with ${report.patches.join(", ")}; \`hotreload undo ${report.pid}\` takes that back`;
    }
    case "output":
      return report.text;
    case "hot": {
      const what = changes(report) || "data";
      const line = [colors.green("hot"), files(report.files) || `process ${report.pid}`, what, timings(report.ms)];
      const notes = [...stillRunning(report.stillRunning), ...report.notes].map((note) => `     ${note}`);
      return [line.join("  "), ...notes, ...warnings(report.warnings)].join("\n");
    }
    case "undone":
    case "redone": {
      const what = named(report.functions, "function", "functions");
      const line = [colors.green(report.type), `patch ${report.patch} of process ${report.pid}`, ...what];
      return [line.join("  "), ...report.notes.map((note) => `     ${note}`)].join("\n");
    }
    case "restarting":
      return `${colors.yellow("restart")}  process ${report.pid} is started again: ${report.why}`;
    case "state":
      if (report.kept) return colors.dim(`state ${report.key} of ${report.size} bytes is handed over`);
      return `${colors.yellow("state")}  ${report.key} begins anew: it had ${report.left} bytes, and has ${report.size} now`;
    case "status":
      return statusText(report, options);
    case "unchanged":
      return [
        `${colors.dim("same")}  ${files(report.files)}  nothing to do`,
        ...(report.notes ?? []).map((note) => `     ${note}`),
        ...warnings(report.warnings),
      ].join("\n");
    case "buildFailed":
      return `${colors.red("build failed")}  ${files(report.files)}\n${report.output}`;
    case "restartNeeded": {
      const reasons = report.reasons.map((reason) => {
        const lines = formatProblem(relativeProblem(reason, projectDir)).trimEnd().split("\n");
        return lines.map((line) => `     ${line}`).join("\n");
      });
      const offer =
        report.action === "ask" ? [colors.dim("     press r to restart it; until then it goes on as it was")] : [];
      const what = files(report.files) || `process ${report.pid}`;
      return [`${colors.yellow("restart needed")}  ${what}`, ...reasons, ...offer].join("\n");
    }
    case "error": {
      const place =
        report.file === undefined ? "" : `${[shown(report.file, projectDir), report.line].filter(Boolean).join(":")}: `;
      const detail = report.detail === undefined ? "" : `\n${report.detail}`;
      return `${colors.red("error")}  ${place}${report.message} [${report.code}]${detail}`;
    }
  }
}

function statusText(
  report: Extract<Report, { type: "status" }>,
  { colors, projectDir }: Pick<TerminalOptions, "projectDir" | "colors">,
): string {
  const { pid, name, executable, started, threads, patches } = report;
  const since = `since ${started.slice(0, 19).replace("T", " ")} UTC`;
  const how =
    report.state === "current" ? colors.green("up to date") : colors.yellow(`${report.state}: ${plain(report.why)}`);
  const line = [`process ${pid}`, ...(name === "" ? [] : [name]), shown(executable, projectDir), since];
  line.push(threads === 1 ? "1 thread" : `${threads} threads`, how);
  const shownPatches = patches.slice(-MOST_PATCHES).map(({ patch, standing, functions }) => {
    const state = standing === "standing" ? "" : ` ${standing}`;
    return `     patch ${patch}${state}  ${cut(functions, MOST_NAMES) || "data"}`;
  });
  const older = patches.length - shownPatches.length;
  return [line.join("  "), ...(older > 0 ? [`     ${older} older patches`] : []), ...shownPatches].join("\n");
}

function changes(report: Extract<Report, { type: "hot" }>): string {
  return [
    ...named(report.functions, "function", "functions"),
    ...named(report.added, "new function", "new functions"),
    ...named(report.variables, "variable", "variables"),
  ].join(", ");
}

function named(names: readonly string[], one: string, many: string): string[] {
  return names.length === 0 ? [] : [`${names.length} ${names.length === 1 ? one : many} (${cut(names, MOST_NAMES)})`];
}

/** One line for each thread: `step() may still run its old code in thread 3 (worker) until it returns`. */
function stillRunning(found: readonly StillRunning[]): string[] {
  return [...standing(found), ...relying(found)];
}

/** One line for each function that goes by what others did before. */
function relying(found: readonly StillRunning[]): string[] {
  const functions = new Map(found.map((one) => [one.function, one.reliesOn ?? []] as const));
  return [...functions].flatMap(([name, callees]) => {
    if (callees.length === 0) return [];
    const called = cut(
      callees.map((callee) => `${callee}()`),
      MOST_NAMES,
    );
    return [
      `${name}() was optimised with the ${called} of before: in its old code, an argument may be missing from a call of what ` +
        "is new, its result not looked at, its exception not caught",
    ];
  });
}

function standing(found: readonly StillRunning[]): string[] {
  const threads = [...new Set(found.map(({ thread }) => thread))];
  return threads.map((thread) => {
    const here = found.filter((one) => one.thread === thread);
    const names = cut(
      here.map((one) => `${one.function}()`),
      MOST_NAMES,
    );
    const verb = here.length === 1 ? "may still run its" : "may still run their";
    return `${names} ${verb} old code in thread ${thread} (${plain(here[0]?.threadName ?? "")}) until it returns`;
  });
}

function timings(ms: Timings): string {
  const stages = (["build", "diff", "link", "bind", "apply"] as const)
    .filter((stage) => Math.round(ms[stage]) > 0)
    .map((stage) => `${stage} ${Math.round(ms[stage])}`);
  return `${Math.round(ms.total)} ms${stages.length > 0 ? ` (${stages.join(", ")})` : ""}`;
}

function exitText(report: Extract<Report, { type: "process" }>): string {
  if (report.signal !== undefined) return ` by ${report.signal}`;
  return report.code === undefined ? "" : ` with code ${report.code}`;
}

function crashNote(report: Extract<Report, { type: "process" }>, projectDir: string): string[] {
  const { lastPatch, crash, offers } = report;
  const lines: string[] = [];
  if (crash !== undefined) {
    const code = crash.patch === undefined ? "as it was linked" : `code of patch ${crash.patch}`;
    const inside = crash.inside === "" ? "" : `, which had called ${crash.inside}`;
    lines.push(`at ${shown(crash.file, projectDir)}:${crash.line} in ${crash.function}, ${code}${inside}`);
  }
  if (lastPatch !== undefined) {
    const { patch, functions, ms } = lastPatch;
    lines.push(`its last patch was ${patch} (${cut(functions, MOST_NAMES)}), ${(ms / 1000).toFixed(1)} s before`);
  }
  if (offers?.includes("restart")) lines.push("a save or r starts it again with what is saved");
  if (offers?.includes("undo")) lines.push("z starts it again as it was linked, without its patches");
  return lines.map((line) => `     ${line}`);
}

function warnings(text: string): string[] {
  return text.trim() === "" ? [] : [text.trimEnd()];
}

function relativeProblem(problem: Problem, projectDir: string): Problem {
  return problem.file === undefined ? problem : { ...problem, file: shown(problem.file, projectDir) };
}

/** Relative to the project inside it; control characters of a file's name must not reach the terminal. */
function shown(path: string, projectDir: string): string {
  const inside = relative(projectDir, path);
  return plain(inside.startsWith("..") ? path : inside);
}

/** Without control characters. */
function plain(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones to be found
  return text.replace(/[\x00-\x1f\x7f]/g, "?");
}

function cut(names: readonly string[], most: number): string {
  const rest = names.length - most;
  return rest > 0 ? `${names.slice(0, most).join(", ")}, +${rest}` : names.join(", ");
}
