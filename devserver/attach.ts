// `hotreload attach`: a process that was built without us runs what is saved, until the user ends it or it ends.
import { realpathSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { resolve } from "node:path";
import { failure, type Result, success } from "../plugin/errors.js";
import { readCache } from "../plugin/graph/cmake_cache.js";
import {
  AttachedBuild,
  type AttachedModule,
  findBuildDirectory,
  isBuildDirectory,
} from "../plugin/production/attached_build.js";
import { AttachedProcess, foreignPatch } from "../plugin/production/attached_process.js";
import { type Survey, surveyProcess } from "../plugin/production/process_patches.js";
import { becomeUser, ownRights, type Rights } from "../plugin/production/rights.js";
import { AttachedReload } from "./attached_reload.js";
import { BuildTree } from "./build_tree.js";
import { Ending } from "./ending.js";
import { watchProject } from "./project_watch.js";
import { errorReport, type Reporter } from "./report.js";
import { reporterFor } from "./reporting.js";
import { prepareSession, removeSession } from "./session.js";

export interface AttachOptions {
  readonly pid: number;
  /** Default: the nearest one above the program. */
  readonly buildDir?: string;
  readonly timeoutMs: number;
  readonly trustTypes: boolean;
  readonly json: boolean;
}

/** Runs until it is ended, or the process has. The exit code: 0, or 1 if it could not do its work. */
export async function attach(options: AttachOptions): Promise<number> {
  const located = await locate(options);
  const report = reporterFor(options, located.ok ? located.value.sourceDir : process.cwd());
  if (!located.ok) {
    report(errorReport(located.problem));
    return 1;
  }
  const ending = new Ending();
  try {
    const served = await serve(options, located.value, report, ending);
    if (served.ok || ending.signal.aborted) return 0;
    report(errorReport(served.problem));
    return 1;
  } finally {
    await ending.end();
  }
}

async function serve(
  options: AttachOptions,
  { survey, buildDir }: Located,
  report: Reporter,
  ending: Ending,
): Promise<Result<void>> {
  const foreign = foreignPatch(survey.patches.filter(({ state }) => state === "applied"));
  if (foreign !== undefined) return { ok: false, problem: foreign };
  const rights = rightsFor(buildDir, options.pid);
  ending.onEnd(rights.close, rights.close);
  const locked = await lockBuild(buildDir, ending);
  if (!locked.ok) return locked;

  const running = new Set(survey.modules.map(({ buildId }) => buildId));
  const opened = await AttachedBuild.open(buildDir, running, ending.signal, (builder) => {
    const text = `process ${builder} builds in the same directory: this build waits until it has ended`;
    report({ type: "progress", stage: "wait", text });
  });
  return opened.ok ? follow(options, opened.value, survey, rights, report, ending) : opened;
}

/** The loop. */
async function follow(
  options: AttachOptions,
  build: AttachedBuild,
  survey: Survey,
  { inject }: Rights,
  report: Reporter,
  ending: Ending,
): Promise<Result<void>> {
  const { pid, timeoutMs, trustTypes } = options;
  const modules = await build.modulesOf(survey.modules);
  if (!modules.ok) return modules;
  const checked = build.checkObjects(modules.value);
  if (!checked.ok) return checked;
  const { graph } = build;
  const attached = new AttachedProcess(build, modules.value, { pid, timeoutMs, trustTypes, inject });
  ending.onEnd(() => attached.close());
  const watch = await watchProject(graph, Date.now(), report, {
    changed: () => reload.changed(),
    appeared: (path) => reload.appeared(path),
    built: () => reload.built(),
  });
  ending.onEnd(() => watch.close());
  const tree = new BuildTree(build.asProject(), watch, ({ done, total, text }) => {
    report({ type: "progress", stage: "build", text, done, total });
  });
  const objects = [...new Set(modules.value.flatMap((module) => Object.keys(module.objects)))];
  const onReady = (): void => {
    const { program: executable } = survey;
    const paths = modules.value.map(({ path }) => path);
    const missing = missingIn(build, modules.value, trustTypes);
    report({ type: "attached", pid, executable, buildDir: graph.buildDir, modules: paths, missing });
  };
  const reload = new AttachedReload({ pid, build, objects, tree, watch, attached, report, onReady });
  ending.signal.addEventListener("abort", () => reload.stop());
  if (ending.signal.aborted) reload.stop();
  const ended = await reload.run();
  await build.tool.idle();
  if (ended === "exited") {
    report({ type: "process", pid, state: "exited" });
    return success(undefined);
  }
  const left = await surveyProcess(pid, inject);
  const patches = left.ok ? left.value.patches.filter(({ state }) => state === "applied").map(({ name }) => name) : [];
  report({ type: "detached", pid, patches });
  return success(undefined);
}

interface Located {
  readonly survey: Survey;
  /** Real path. */
  readonly buildDir: string;
  readonly sourceDir: string;
}

/** The process, and the directory that it was built in. Errors: E_PROJECT, and those of plugin/inject. */
async function locate({ pid, buildDir }: AttachOptions): Promise<Result<Located>> {
  const survey = await surveyProcess(pid);
  if (!survey.ok) return survey;
  const { program } = survey.value;
  const found = buildDir === undefined ? findBuildDirectory(program) : resolve(buildDir);
  if (found === undefined) {
    const message = `no directory above ${program}, which process ${pid} runs, was made by CMake for Ninja: name it`;
    return failure("E_PROJECT", message);
  }
  if (!isBuildDirectory(found)) {
    return failure("E_PROJECT", "is no build directory that CMake made for Ninja", { file: found });
  }
  const sourceDir = readCache(found).get("CMAKE_HOME_DIRECTORY") ?? found;
  return success({ survey: survey.value, buildDir: realpathSync(found), sourceDir });
}

/** Nothing is built by root in a directory of another user. */
function rightsFor(buildDir: string, pid: number): Rights {
  const { uid, gid } = statSync(buildDir);
  return process.geteuid?.() === 0 && uid !== 0 ? becomeUser(uid, gid, pid) : ownRights;
}

/** One hotreload for each build directory: two would build at the same time. E_SESSION_BUSY, E_SESSION_OWNER, E_PROJECT. */
async function lockBuild(buildDir: string, ending: Ending): Promise<Result<void>> {
  const session = await prepareSession(buildDir);
  if (!session.ok) return session;
  const server = createServer((socket) => socket.destroy());
  const listening = await new Promise<boolean>((settle) => {
    server.once("error", () => settle(false));
    server.listen(session.value.socket, () => settle(true));
  });
  if (!listening) return failure("E_SESSION_BUSY", `Another hotreload serves ${buildDir} already.`);
  const remove = (): void => {
    server.close();
    removeSession(session.value);
  };
  ending.onEnd(remove, remove);
  return success(undefined);
}

/** What a program that was built for it could do, and this one cannot. */
function missingIn(build: AttachedBuild, modules: readonly AttachedModule[], trustTypes: boolean): string[] {
  const objects = new Set(modules.flatMap((module) => Object.keys(module.objects)));
  const blind = build.untyped(modules);
  const missing = [
    "at each change it stands still, for some milliseconds",
    "not possible: new thread_local variables and new variables with constructors, other constants, functions below five bytes",
    "not done: initializers of variables that it has",
  ];
  if (blind.length === 0) return missing;
  const isAll = blind.length === objects.size;
  const which = isAll ? "all objects" : blind.slice(0, 3).join(", ");
  const more = blind.length > 3 && !isAll ? ` and ${blind.length - 3} more` : "";
  const what = trustTypes
    ? "a type that changed is not noticed"
    : "changes are refused, unless you attach with --trust-types";
  return [...missing, `no debug information (-g) in ${which}${more}: ${what}`];
}
