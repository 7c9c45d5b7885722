// Opens the project with its progress told; a first build that fails is tried again after the next save.

import { parseDiagnostics } from "../plugin/diagnostics.js";
import type { Result } from "../plugin/errors.js";
import { openProject, type Project } from "../plugin/project.js";
import { isSourceFile, watchProject } from "./project_watch.js";
import { errorReport, type Report, type Reporter } from "./report.js";
import type { Way } from "./undo.js";

export interface OpeningOptions {
  readonly dir: string;
  readonly buildDir?: string;
  readonly definitions: readonly string[];
  readonly preset?: string;
  readonly generator?: string;
}

/** What the user can ask for by a key or a command; what it does depends on how far things are. */
export interface Wishes {
  restart: () => void;
  build: () => void;
  /** Resolves to what was reported. */
  turnBack: (way: Way) => Promise<readonly Report[]>;
  /** What there is to tell of each process. */
  status: () => readonly Report[];
}

export function noWishes(report: Reporter): Wishes {
  return {
    restart: () => {},
    build: () => {},
    turnBack: async (way) => {
      const reports = [errorReport({ code: "E_UNDO", message: `nothing runs yet that has anything to ${way}` })];
      for (const each of reports) report(each);
      return reports;
    },
    status: () => [{ type: "progress", stage: "build", text: "the project is being built; no process is served yet" }],
  };
}

function waitsForBuild(pid: number): Report {
  const text = `process ${pid} builds in the same directory: this build waits until it has ended`;
  return { type: "progress", stage: "wait", text };
}

/** Resolves when the project is built. E_BUILD only if `signal` ends the waiting; see openProject for the others. */
export function openWithProgress(
  options: OpeningOptions,
  wishes: Wishes,
  report: Reporter,
  signal: AbortSignal,
): Promise<Result<Project>> {
  const { dir, buildDir, definitions, preset, generator } = options;
  return openProject({
    dir,
    definitions,
    ...(buildDir === undefined ? {} : { buildDir }),
    ...(preset === undefined ? {} : { preset }),
    ...(generator === undefined ? {} : { generator }),
    signal,
    onConfigure: () => report({ type: "progress", stage: "configure", text: "CMake configures the project" }),
    onProgress: ({ done, total, text }) => report({ type: "progress", stage: "build", text, done, total }),
    onWait: (pid) => report(waitsForBuild(pid)),
    onBuildFailed: async (output, graph, since) => {
      if (signal.aborted) return false;
      let answer: (again: boolean) => void = () => {};
      const asked = new Promise<boolean>((resolve) => {
        answer = resolve;
      });
      const again = (): void => answer(true);
      wishes.build = again;
      wishes.restart = again;
      signal.addEventListener("abort", () => answer(false), { once: true });
      const watch = await watchProject(graph, since, report, {
        changed: again,
        appeared: (path) => {
          if (isSourceFile(path)) again();
        },
        built: () => {},
      });
      // What is saved from the moment of this report on is seen.
      report({ type: "buildFailed", files: [], output, diagnostics: parseDiagnostics(output, graph.buildDir) });
      const result = await asked;
      await watch.close();
      return result;
    },
  });
}
