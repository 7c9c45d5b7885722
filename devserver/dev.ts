// `hotreload dev`: opens session and project, starts the program, and reloads until the user ends it.

import { peerCredentials } from "../plugin/elf/index.js";
import { type Result, success } from "../plugin/errors.js";
import { chooseProgram, locateProject, type Project } from "../plugin/project.js";
import { listenForAgents } from "./agent_server.js";
import { type Agent, Agents } from "./agents.js";
import { BuildTree } from "./build_tree.js";
import { attachCommands, attachKeys, type Controls, KEYS_HELP } from "./controls.js";
import { Crashes } from "./crashes.js";
import { Ending } from "./ending.js";
import { LastPatches } from "./last_patch.js";
import { noWishes, type OpeningOptions, openWithProgress, type Wishes } from "./opening.js";
import { Program, type ProgramEvents } from "./program.js";
import { watchProject } from "./project_watch.js";
import { Reload } from "./reload.js";
import { errorReport, type Reporter, type Unsupported } from "./report.js";
import { reporterFor } from "./reporting.js";
import { prepareSession, publishSession, removeSession, type Session } from "./session.js";
import type { Watch } from "./watch.js";

export interface DevOptions extends OpeningOptions {
  readonly target?: string;
  /** Reports as lines of JSON, commands on standard input. */
  readonly json: boolean;
  /** false: no program is started; those started elsewhere connect. */
  readonly run: boolean;
  readonly args: readonly string[];
  readonly onUnsupported: Unsupported;
}

// Long enough for a program whose libraries are loaded from a cold disk.
const CONNECT_MS = 10_000;

/** Runs until it is ended. The exit code: 0 if the user ended it, 1 if it could not do its work. */
export async function dev(options: DevOptions): Promise<number> {
  const located = locateProject(options);
  const lastPatches = new LastPatches(reporterFor(options, located.ok ? located.value.sourceDir : options.dir));
  const { report } = lastPatches;
  if (!located.ok) {
    report(errorReport(located.problem));
    return 1;
  }
  const ending = new Ending();
  try {
    const served = await serve(options, located.value.buildDir, lastPatches, ending);
    if (served.ok || ending.signal.aborted) return 0;
    report(errorReport(served.problem));
    return 1;
  } finally {
    await ending.end();
  }
}

async function serve(
  options: DevOptions,
  buildDir: string,
  lastPatches: LastPatches,
  ending: Ending,
): Promise<Result<void>> {
  const { report } = lastPatches;
  // The session first: no second server builds in the same directory, and programs that run already can connect.
  const agents = new Agents((problem) => report(errorReport(problem)));
  const wishes = noWishes(report);
  const session = await openSession(buildDir, agents, wishes, report, ending);
  if (!session.ok) return session;
  attachControls(options, wishes, report, ending);
  const opened = await openWithProgress(options, wishes, report, ending.signal);
  if (!opened.ok) return opened;
  const project = opened.value;
  let path: string | undefined;
  if (options.run) {
    const chosen = chooseProgram(project.graph, options.target);
    if (!chosen.ok) return chosen;
    ({ path } = chosen.value);
  }
  const reload = await connect(options, project, path, agents, session.value, wishes, lastPatches, ending);
  await reload.run();
  await project.tool.idle();
  return success(undefined);
}

/** Directories, socket, session.json; all gone again at the end. */
async function openSession(
  buildDir: string,
  agents: Agents,
  wishes: Wishes,
  report: Reporter,
  ending: Ending,
): Promise<Result<Session>> {
  const session = await prepareSession(buildDir);
  if (!session.ok) return session;
  const server = await listenForAgents({
    socket: session.value.socket,
    credentials: peerCredentials,
    onConnection: (connection) => agents.accept(connection),
    onProblem: (problem) => report(errorReport(problem)),
    onCommand: async (command) => {
      if (command === "undo" || command === "redo") return wishes.turnBack(command);
      return command === "status" ? wishes.status() : undefined;
    },
  });
  if (!server.ok) return server;
  publishSession(session.value);
  const remove = (): void => removeSession(session.value);
  ending.onEnd(async () => {
    agents.close();
    await server.value.close();
    remove();
  }, remove);
  return session;
}

/** Joins watch, agents and program to the loop, and starts the program. */
async function connect(
  options: DevOptions,
  project: Project,
  /** Of the program, undefined if none is to be started. */
  path: string | undefined,
  agents: Agents,
  session: Session,
  wishes: Wishes,
  lastPatches: LastPatches,
  ending: Ending,
): Promise<Reload> {
  const { report } = lastPatches;
  let buildMs = project.buildMs;
  let readySince: number | undefined;
  /** The program's process, also when it has ended. */
  let ours: Agent | undefined;
  ending.onEnd(() => project.patcher.forgetEnded()); // after the program's end
  const crashes = new Crashes(session.patches, (module) => project.patcher.filesOf(module));
  const exited: ProgramEvents["exited"] = async (pid, how) => {
    const crash = await crashes.siteOf(pid);
    if (ours?.pid === pid) reload.programEnded(ours, crash?.patch !== undefined);
    const { offers } = reload;
    report({ type: "process", pid, state: "exited", ...how, ...(crash === undefined ? {} : { crash }), offers });
  };
  const program = path === undefined ? undefined : programAt(path, options, session, report, ending, exited);
  const watch: Watch = await watchProject(project.graph, project.buildStart, report, {
    changed: () => reload.changed(),
    appeared: (path) => reload.appeared(path),
    built: () => reload.built(),
  });
  ending.onEnd(() => watch.close());
  const tree = new BuildTree(project, watch, ({ done, total, text }) => {
    report({ type: "progress", stage: "build", text, done, total });
  });
  const start = (keepsState: boolean): void => {
    program?.start(keepsState);
    warnIfSilent(program, agents, report);
  };
  const reload = new Reload({
    tree,
    patcher: project.patcher,
    watch,
    agents,
    report,
    sending: (pid, patch) => {
      lastPatches.sending(pid, patch);
      crashes.sending(pid, patch);
    },
    program: program && {
      isRunning: () => program.isRunning(),
      owns: (pid) => program.owns(pid),
      stop: () => program.stop(),
      start: (ms, keepsState) => {
        buildMs = ms;
        start(keepsState);
      },
    },
    onUnsupported: options.onUnsupported,
  });
  wishes.restart = () => reload.restart();
  wishes.build = () => reload.build();
  wishes.turnBack = (way) => reload.turnBack(way);
  wishes.status = () => reload.status();
  ending.signal.addEventListener("abort", () => reload.stop());
  if (ending.signal.aborted) reload.stop();
  agents.begin({
    connected: (agent) => {
      const isOurs = program !== undefined && agent.pid === program.pid;
      if (isOurs) ours = agent;
      crashes.connected(agent);
      if (options.json || !isOurs) {
        report({ type: "process", pid: agent.pid, state: "connected", executable: agent.executable });
      }
      // It connects again after exec, or when the connection broke.
      if (isOurs && readySince !== program.startedAt) {
        readySince = program.startedAt;
        report({ type: "ready", buildMs, readyMs: performance.now() - readySince, pid: agent.pid });
      }
      reload.connected(agent);
    },
    wished: () => reload.build(),
    inherited: ({ pid }, block) => report({ type: "state", pid, kept: block.size === block.left, ...block }),
    exited: async (process) => {
      const { pid } = process;
      // Before the files of its patches are deleted.
      const crash = await crashes.siteOf(pid);
      reload.exited(process);
      // Of those that we started, how they ended is known: program.ts reports it.
      if (program?.hasStarted(pid)) return;
      report({ type: "process", pid, state: "exited", ...(crash && { signal: crash.signal, crash }) });
    },
  });
  if (program === undefined) report({ type: "ready", buildMs, readyMs: 0 });
  // What was saved during the build is built before anything runs: half of the objects may be of the old text.
  else if (watch.pending.length > 0) reload.restart();
  else if (!ending.signal.aborted) start(false);
  return reload;
}

function programAt(
  path: string,
  options: DevOptions,
  session: Session,
  report: Reporter,
  ending: Ending,
  exited: ProgramEvents["exited"],
): Program {
  const program = new Program(
    { path, args: options.args, sessionFile: session.file, stateDir: session.state, piped: options.json },
    {
      output: (pid, stream, text) => report({ type: "output", pid, stream, text }),
      exited,
      problem: (problem) => report(errorReport(problem)),
    },
  );
  const resized = (): void => program.resized();
  process.on("SIGWINCH", resized);
  ending.onEnd(
    async () => {
      process.off("SIGWINCH", resized);
      await program.stop();
      program.dropState();
    },
    () => program.kill(),
  );
  return program;
}

function attachControls(options: DevOptions, wishes: Wishes, report: Reporter, ending: Ending): void {
  const controls: Controls = {
    restart: () => wishes.restart(),
    build: () => wishes.build(),
    undo: () => void wishes.turnBack("undo"),
    redo: () => void wishes.turnBack("redo"),
    status: () => {
      for (const each of wishes.status()) report(each);
    },
    quit: () => ending.begin(),
    help: () => report({ type: "progress", stage: "commands", text: KEYS_HELP }),
    problem: (problem) => report(errorReport(problem)),
  };
  if (options.json) ending.onEnd(attachCommands(process.stdin, controls));
  else if (process.stdin.isTTY) {
    const detach = attachKeys(process.stdin, controls);
    ending.onEnd(detach, detach);
  }
}

/** A program that is not linked with the runtime never connects. */
function warnIfSilent(program: Program | undefined, agents: Agents, report: Reporter): void {
  const pid = program?.pid;
  if (program === undefined || pid === undefined) return;
  const look = (): void => {
    if (program.pid !== pid || agents.connected.some((agent) => agent.pid === pid)) return;
    const message = `process ${pid} runs, but has not connected: is the program linked with the runtime of hotreload?`;
    report({ type: "error", code: "E_PROGRAM", message });
  };
  setTimeout(look, CONNECT_MS).unref();
}
