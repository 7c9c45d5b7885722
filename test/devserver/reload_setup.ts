// A real project, built by CMake and ninja, under the reload loop; only the patcher and the agent are scripted.

import assert from "node:assert/strict";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type AgentServer, listenForAgents } from "../../devserver/agent_server.js";
import { Agents } from "../../devserver/agents.js";
import { BuildTree } from "../../devserver/build_tree.js";
import { watchProject } from "../../devserver/project_watch.js";
import { Reload } from "../../devserver/reload.js";
import type { Report } from "../../devserver/report.js";
import type { Watch } from "../../devserver/watch.js";
import { Ninja } from "../../plugin/build.js";
import { configure } from "../../plugin/configure.js";
import { type Result, success } from "../../plugin/errors.js";
import type { BuildGraph } from "../../plugin/graph/graph.js";
import { loadGraph } from "../../plugin/graph/load.js";
import { NinjaLog } from "../../plugin/ninja_log.js";
import { reconfigure } from "../../plugin/project.js";
import { Inbox, until } from "./inbox.js";
import { Scratch } from "./scratch.js";
import { ScriptedPatcher } from "./scripted_patcher.js";

// Compiles, and then waits for as long as there is a file "hold": a save can come while the compiler runs.
const LAUNCHER = `#!/bin/sh
"$@" || exit 1
if [ -e hold ]; then : > held; while [ -e hold ]; do sleep 0.01; done; fi
`;

const FILES = {
  "CMakeLists.txt": `cmake_minimum_required(VERSION 3.20)
project(app C)
set(CMAKE_C_COMPILER_LAUNCHER sh "\${CMAKE_SOURCE_DIR}/launcher.sh")
configure_file(config.h.in config.h)
include_directories("\${CMAKE_BINARY_DIR}")
add_executable(app main.c a.c b.c)
`,
  "launcher.sh": LAUNCHER,
  "config.h.in": "#define CONFIGURED 1\n",
  "shared.h": "int a(void);\nint b(void);\n",
  "main.c": '#include "shared.h"\n#include "config.h"\nint main(void) { return a() + b() + CONFIGURED; }\n',
  "a.c": '#include "shared.h"\nint a(void) { return 1; }\n',
  "b.c": '#include "shared.h"\nint b(void) { return 2; }\n',
};

/** The program that the loop starts and stops, as a list of what was asked. */
export class ScriptedProgram {
  readonly calls: string[] = [];
  readonly started = new Inbox<true>();
  running = true;

  isRunning(): boolean {
    return this.running;
  }

  owns(pid: number): boolean {
    return pid === process.pid;
  }

  async stop(): Promise<void> {
    this.calls.push("stop");
    this.running = false;
  }

  start(_buildMs: number, keepsState: boolean): void {
    this.calls.push(keepsState ? "start keeping its state" : "start");
    this.running = true;
    this.started.push(true);
  }
}

export class ReloadSetup {
  private constructor(
    readonly reports: Inbox<Report>,
    readonly scratch: Scratch,
    readonly socket: string,
    readonly patcher: ScriptedPatcher,
    readonly program: ScriptedProgram,
    readonly reload: Reload,
    private readonly watch: Watch,
    private readonly agents: Agents,
    private readonly server: AgentServer,
    private readonly running: Promise<void>,
  ) {}

  static async start(): Promise<ReloadSetup> {
    const scratch = new Scratch(FILES);
    const settings = { sourceDir: scratch.path, buildDir: scratch.file("build"), definitions: ["HOTRELOAD=OFF"] };
    const configured = must(await configure(settings));
    const since = Date.now();
    const ninja = new Ninja(settings.buildDir, configured.program);
    const built = await ninja.buildAll();
    assert.ok(built.ok, built.output);
    const graph = must(await loadGraph(settings.buildDir));
    const patcher = new ScriptedPatcher(graph);
    const log = new NinjaLog(join(settings.buildDir, ".ninja_log"));
    log.written();
    let version = 0;
    const load = async (): Promise<Result<BuildGraph>> => {
      version++;
      return loadGraph(settings.buildDir);
    };
    const project = {
      graph,
      tool: ninja,
      log,
      patcher,
      reconfigure: async () => {
        version++;
        return reconfigure(settings, ninja);
      },
      reloadGraph: load,
      graphVersion: () => version,
      globsDiffer: async () => success(false),
    };
    const reports = new Inbox<Report>();
    const agents = new Agents(() => {}, { deadlines: { askMs: 2000, applyMs: 2000 } });
    const socket = scratch.file("agents");
    const server = must(
      await listenForAgents({
        socket,
        onConnection: (connection) => agents.accept(connection),
        onProblem: () => {},
      }),
    );
    const program = new ScriptedProgram();
    const watch: Watch = await watchProject(graph, since, reports.push, {
      changed: () => reload.changed(),
      appeared: (path) => reload.appeared(path),
      built: () => reload.built(),
    });
    await watch.digested();
    const tree = new BuildTree(project, watch);
    const reload = new Reload({ tree, patcher, watch, agents, program, onUnsupported: "ask", report: reports.push });
    agents.begin({
      connected: (agent) => reload.connected(agent),
      wished: () => reload.build(),
      inherited: () => {},
      exited: (process) => reload.exited(process),
    });
    const running = reload.run();
    return new ReloadSetup(reports, scratch, socket, patcher, program, reload, watch, agents, server, running);
  }

  /** The next report of this type; any other verdict before it is a failure. */
  async verdict<T extends Report["type"]>(type: T): Promise<Extract<Report, { type: T }>> {
    const report = await this.reports.next(`verdict, ${type}`, (each) => each.type !== "progress");
    assert.ok(report.type === type, `${JSON.stringify(report)} is not ${type}`);
    return report as Extract<Report, { type: T }>;
  }

  /** From now on the compiler does not end once it has read its file, until it is let go. */
  holdCompiler(): { isHeld(): Promise<void>; letGo(): void } {
    const hold = this.scratch.write("build/hold", "");
    const held = this.scratch.file("build/held");
    return {
      isHeld: () => until("the compiler to be held", () => existsSync(held)),
      letGo: () => {
        rmSync(hold);
        rmSync(held);
      },
    };
  }

  async end(): Promise<void> {
    this.reload.stop();
    await this.running;
    await this.watch.close();
    this.agents.close();
    await this.server.close();
  }
}

function must<T>(result: Result<T>): T {
  assert.ok(result.ok, JSON.stringify(result));
  return result.value;
}
