// Opens a CMake project for reloading: configured, built, its graph loaded, its patcher ready.

import { mkdirSync, realpathSync } from "node:fs";
import { join, resolve } from "node:path";
import { type BuildOutcome, type BuildTool, Ninja } from "./build.js";
import { type ConfigureOptions, configure, findProject, globsDiffer, runCMake } from "./configure.js";
import { failure, type Result, success } from "./errors.js";
import type { BuildGraph } from "./graph/graph.js";
import { loadGraph } from "./graph/load.js";
import { Make } from "./make.js";
import { NinjaLog } from "./ninja_log.js";
import type { Progress } from "./ninja_output.js";
import { openPatcher, type Patcher } from "./patcher.js";
import { configuredAt, loadSettledGraph } from "./settled_graph.js";

export interface ProjectOptions {
  readonly dir: string;
  /** Default: `<dir>/build/hotreload`. */
  readonly buildDir?: string;
  /** `NAME=VALUE`, as after cmake's -D. */
  readonly definitions?: readonly string[];
  /** A configure preset of the project, as after cmake's --preset. */
  readonly preset?: string;
  /** As after cmake's -G; default: that of the preset or of the build directory, else Ninja. */
  readonly generator?: string;
  readonly onConfigure?: () => void;
  readonly onProgress?: (progress: Progress) => void;
  /** Another process builds in the directory, and is waited for. */
  readonly onWait?: (pid: number) => void;
  /**
   * The first build, which began at `since` (Date.now()), failed: resolves to true to try again (after a save),
   * to false to give up. Without it the first failure is final.
   */
  readonly onBuildFailed?: (output: string, graph: BuildGraph, since: number) => Promise<boolean>;
  /** Its abort ends CMake or ninja, whichever runs. */
  readonly signal?: AbortSignal;
}

export interface Project {
  readonly sourceDir: string;
  readonly buildDir: string;
  readonly tool: BuildTool;
  readonly graph: BuildGraph;
  readonly patcher: Patcher;
  /** Milliseconds that configuring and building took. */
  readonly buildMs: number;
  /** What the compilers had to say although the build succeeded. */
  readonly warnings: string;
  /** Date.now() when the build began: a file saved later may not be in it. */
  readonly buildStart: number;
  /**
   * Runs CMake again and loads the graph anew. E_CONFIGURE, E_TOOL, and what loadGraph has; the build goes on as it was
   * until another call succeeds.
   */
  reconfigure(): Promise<Result<BuildGraph>>;
  /** Loads the graph anew: ninja ran CMake by itself, or another terminal did. */
  reloadGraph(): Promise<Result<BuildGraph>>;
  /** Changes when CMake wrote the build anew. */
  graphVersion(): number;
  /** True if a glob finds other files than when CMake ran; only for a graph that has globs. E_TOOL. */
  globsDiffer(): Promise<Result<boolean>>;
  /** What any ninja wrote since the last call, see NinjaLog. */
  readonly log: NinjaLog;
}

export interface Program {
  readonly name: string;
  /** Absolute path of the executable. */
  readonly path: string;
}

/** Absolute path of the build directory, which need not exist. */
export function buildDirectory(sourceDir: string, chosen: string | undefined): string {
  return resolve(chosen ?? join(sourceDir, "build", "hotreload"));
}

/** Absolute directories of the project; makes the build directory. E_PROJECT. */
export function locateProject(options: ProjectOptions): Result<{ sourceDir: string; buildDir: string }> {
  const sourceDir = findProject(options.dir);
  if (!sourceDir.ok) return sourceDir;
  const buildDir = buildDirectory(sourceDir.value, options.buildDir);
  try {
    mkdirSync(buildDir, { recursive: true });
  } catch (error) {
    return failure("E_PROJECT", `The build directory cannot be made: ${(error as Error).message}.`);
  }
  return success({ sourceDir: sourceDir.value, buildDir: realpathSync(buildDir) });
}

/** Configure, build, graph, patcher. E_PROJECT, E_CONFIGURE, E_TOOL, E_BUILD, and what loadGraph and openPatcher have. */
export async function openProject(options: ProjectOptions): Promise<Result<Project>> {
  const start = performance.now();
  let buildStart = Date.now();
  const located = locateProject(options);
  if (!located.ok) return located;
  const { sourceDir, buildDir } = located.value;
  const settings: ConfigureOptions = {
    sourceDir,
    buildDir,
    definitions: options.definitions ?? [],
    ...(options.preset === undefined ? {} : { preset: options.preset }),
    ...(options.generator === undefined ? {} : { generator: options.generator }),
    onStart: options.onConfigure,
    signal: options.signal,
  };
  const configured = await configure(settings);
  if (!configured.ok) return configured;
  const { generator, program } = configured.value;
  const Tool = generator === "Unix Makefiles" ? Make : Ninja;
  const tool = new Tool(buildDir, program, options.signal, options.onWait);

  await tool.quiet();
  let outcome: BuildOutcome = await tool.buildAll(options.onProgress);
  let buildMs = performance.now() - start;
  let graph = await loadGraph(buildDir);
  while (!outcome.ok) {
    if (!graph.ok || options.onBuildFailed === undefined) {
      return failure("E_BUILD", "The project does not build.", { detail: outcome.output.trimEnd() });
    }
    if (!(await options.onBuildFailed(outcome.output, graph.value, buildStart))) {
      return failure("E_BUILD", "The project did not build.");
    }
    await tool.quiet();
    buildStart = Date.now();
    outcome = await tool.buildAll(options.onProgress);
    buildMs = outcome.ms;
    graph = await loadGraph(buildDir);
  }
  if (!graph.ok) return graph;

  const log = new NinjaLog(join(buildDir, ".ninja_log"));
  log.written();
  const patcher = await openPatcher(graph.value, join(buildDir, ".hotreload"), log);
  if (!patcher.ok) return patcher;
  const ready = await patcher.value.afterFullBuild();
  if (!ready.ok) return ready;
  return success({
    sourceDir,
    buildDir,
    tool,
    graph: graph.value,
    patcher: patcher.value,
    buildMs,
    warnings: outcome.output,
    buildStart,
    reconfigure: () => reconfigure(settings, tool),
    reloadGraph: () => loadSettledGraph(buildDir),
    log,
    graphVersion: () => configuredAt(buildDir),
    globsDiffer: () => globsDiffer(buildDir),
  });
}

/** Runs CMake again. While it fails, builds go on by what it wrote before. See Project.reconfigure. */
export async function reconfigure(settings: ConfigureOptions, tool: BuildTool): Promise<Result<BuildGraph>> {
  tool.beforeConfigure();
  const configured = await runCMake(settings);
  if (!configured.ok) return configured;
  tool.afterConfigure();
  return loadGraph(settings.buildDir);
}

/** The program to run: `target`, else the only executable, else the one named as the project. E_TARGET. */
export function chooseProgram(graph: BuildGraph, target: string | undefined): Result<Program> {
  const programs = graph.targets.filter((each) => each.type === "EXECUTABLE" && each.artifacts[0] !== undefined);
  const program = (each: { name: string; artifacts: readonly string[] }): Result<Program> =>
    success({ name: each.name, path: each.artifacts[0] as string });
  const names = programs.map((each) => each.name).join(", ");
  if (target !== undefined) {
    const named = programs.find((each) => each.name === target);
    if (named) return program(named);
    return failure("E_TARGET", `The project has no executable ${target}; it has: ${names || "none"}.`);
  }
  const only = programs.length === 1 ? programs[0] : programs.find((each) => each.name === graph.projectName);
  if (only) return program(only);
  if (programs.length === 0) return failure("E_TARGET", "The project has no executable.");
  return failure("E_TARGET", `The project has several executables: choose one with --target (${names}).`);
}
