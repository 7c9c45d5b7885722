// Scenario D12: what a project may build with. Of each, the same project: a program with a shared library in a
// subdirectory, a generated header, names with blanks and umlauts.

import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import fs from "node:fs";
import { connect, createServer } from "node:net";
import os from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { suite } from "uvu";
import { DEADLINE } from "./changes.js";
import { chosenConfigurations, isRowChosen } from "./configurations.js";
import type { Program, ProgramOptions } from "./program.js";
import { testProgram } from "./single_programs.js";

const test = suite("builds tools");

function tool(
  name: string,
  configurations: readonly string[],
  options: ProgramOptions,
  use: (program: Program) => Promise<void> = edits,
  files: Readonly<Record<string, string>> = {},
): void {
  if (!isRowChosen("D12")) return;
  for (const configuration of chosenConfigurations().filter((each) => configurations.includes(each.name))) {
    testProgram(
      test,
      { subject: "builds tools", row: "D12", name, configuration, program: "tooled", options, files },
      use,
    );
  }
}

const counts = {
  "own.count": "from_1",
  "first.count": "from_71",
  "shared.count": "from_51",
  "plain.count": "from_91",
};

function restore(program: Program, name: string, from: string, to: string): void {
  const { workspace, server } = program;
  const place = path.join(workspace.root, "restored");
  fs.writeFileSync(place, workspace.read(name).replace(from, to));
  const hourAgo = new Date(Date.now() - 3_600_000);
  fs.utimesSync(place, hourAgo, hourAgo);
  server.forgetVerdicts();
  fs.renameSync(place, workspace.path(name));
}

/** In the program, in a header of all, in what is generated, in libraries, in a file that is new; and an error. */
async function edits(program: Program): Promise<void> {
  await program.shows({ ...counts, own: "20", number: "7", first: "42", second: "52", shared: "32", plain: "61" });
  program.edit("own.cc", "return x * 10;", "return x * 11;");
  await program.hot(/own/);
  await program.shows({ ...counts, own: "22" });
  program.edit("heavy.h", "return x + 1;", "return x + 2;");
  await program.hot();
  await program.shows({ ...counts, own: "33", first: "43", second: "53", shared: "33" });
  program.save("number in.txt", "8\n");
  await program.hot(/number/);
  await program.shows({ number: "8" });
  // Put back with the times of an hour ago, as `mv` and `cp -p` do.
  restore(program, "heavy.h", "return x + 2;", "return x + 3;");
  await program.hot();
  await program.shows({ ...counts, own: "44", first: "44", second: "54", shared: "34" });
  restore(program, "number in.txt", "8", "9");
  await program.hot(/number/);
  await program.shows({ number: "9" });
  program.edit("generator.c", "(%d + 0)", "(%d + 100)");
  await program.hot(/number/);
  await program.shows({ number: "109" });
  program.edit("ein süßer.cc", "+ 40", "+ 400");
  await program.hot(/first/);
  program.edit("sub/shared.cc", "+ 30", "+ 300");
  await program.hot(/shared/);
  program.edit("plain.c", "+ 60", "+ 600");
  await program.hot(/plain/);
  await program.shows({ ...counts, first: "404", shared: "304", plain: "601" });
  program.edit("second.cc", "heavy(x) + 50", "missing(x) + 50");
  const failed = await program.buildFailed();
  assert.match(failed.output, /second\.cc:3:\d+: error: .*missing/);
  await program.goesOn();
  program.edit("second.cc", "missing(x) + 50", "heavy(x) + 500");
  await program.hot(/second/);
  await program.shows({ second: "504" });
  program.server.forgetVerdicts();
  program.workspace.write("new.cc", "int added(int x) { return x + 1000; }\n");
  program.workspace.edit(
    "second.cc",
    "int second(int x) { return heavy(x) + 500; }",
    "int added(int x);\n\nint second(int x) { return added(x); }",
  );
  program.workspace.edit("CMakeLists.txt", '"ein süßer.cc" second.cc)', '"ein süßer.cc" second.cc new.cc)');
  await program.hot(/second/);
  await program.shows({ ...counts, second: "1001" });
  for (const [field, value] of Object.entries(counts)) assert.deepEqual(program.log.history(field), [value], field);
}

tool("precompiled header", ["gcc -O0", "gcc -O2", "clang -O0", "clang -O2"], { define: { TOOLED_PCH: "ON" } });

tool("unity build", ["gcc -O2", "clang -O0"], { define: { CMAKE_UNITY_BUILD: "ON" } });

tool(
  "ccache, and a library of an ExternalProject, which is left alone",
  ["gcc -O2"],
  { define: { CMAKE_C_COMPILER_LAUNCHER: "ccache", CMAKE_CXX_COMPILER_LAUNCHER: "ccache", TOOLED_EXTERNAL: "ON" } },
  async (program) => {
    await edits(program);
    program.server.forgetVerdicts();
    program.workspace.edit("external/external.c", "return x + 80;", "return x + 800;");
    const verdicts = await program.settle("own.cc");
    assert.deepEqual(
      verdicts.map(({ type }) => type),
      ["unchanged"],
    );
    program.edit(
      "own.cc",
      "static int own_scaled(int x) { return x * 11; }",
      'extern "C" int external(int x);\n\nstatic int own_scaled(int x) { return external(x) + x; }',
    );
    await program.hot(/own/);
    await program.shows({ own: "88", external: "81" });
    assert.deepEqual(program.log.history("external"), ["81"]);
  },
);

tool("Unix Makefiles, a blank and an umlaut in the folder's name", ["gcc -O2", "clang -O0"], {
  generator: "Unix Makefiles",
  folder: "prüf stand",
  define: { TOOLED_PCH: "ON" },
});

const presets = (number: number): string =>
  JSON.stringify({
    version: 3,
    configurePresets: [
      { name: "hidden", hidden: true, generator: "Ninja Multi-Config" },
      {
        name: "chosen",
        inherits: "hidden",
        cacheVariables: { CMAKE_DEFAULT_BUILD_TYPE: "Release", CMAKE_CXX_FLAGS_RELEASE: `-O2 -DPRESET=${number}` },
      },
    ],
  });

tool(
  "Ninja Multi-Config by a preset, which is edited",
  ["gcc -O2"],
  { preset: "chosen" },
  async (program) => {
    await edits(program);
    assert.ok(fs.existsSync(path.join(program.build, "Release/tooled")), "the default configuration is built");
    program.edit("own.cc", "return own_scaled", "return PRESET + own_scaled");
    await program.hot(/own/);
    await program.shows({ own: "1044" });
    program.save("CMakePresets.json", presets(2000));
    await program.hot(/own/);
    await program.shows({ ...counts, own: "2044" });
  },
  { "CMakePresets.json": presets(1000) },
);

/** A free port of the loopback. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function listens(port: number): Promise<void> {
  for (const deadline = performance.now() + DEADLINE; performance.now() < deadline; await delay(20)) {
    const socket = connect(port, "127.0.0.1");
    const isOpen = await new Promise((resolve) => {
      socket.once("connect", () => resolve(true));
      socket.once("error", () => resolve(false));
    });
    socket.destroy();
    if (isOpen) return;
  }
  throw new Error(`nobody listens on port ${port}`);
}

const port = await freePort();
/** For a daemon that leaves root's rights behind. */
const place = fs.mkdtempSync("/tmp/hotreload-distcc-");
const jobs = path.join(place, "log");
let daemon: ChildProcess | undefined;

test.before(async () => {
  const options = ["--daemon", "--no-detach", "--listen", "127.0.0.1", "--allow", "127.0.0.1", "--port", String(port)];
  const log = ["--log-file", jobs, "--log-level", "info", "--enable-tcp-insecure"];
  fs.chmodSync(place, 0o777);
  daemon = spawn("distccd", [...options, ...log], { stdio: "ignore", env: { ...process.env, TMPDIR: place } });
  await listens(port);
});

test.after(async () => {
  const ended = new Promise((resolve) => daemon?.once("exit", resolve));
  daemon?.kill();
  await ended;
  fs.rmSync(place, { recursive: true });
});

tool(
  "distcc on loopback",
  ["gcc -O2"],
  {
    define: { CMAKE_C_COMPILER_LAUNCHER: "distcc", CMAKE_CXX_COMPILER_LAUNCHER: "distcc" },
    environment: { DISTCC_HOSTS: `127.0.0.1:${port}`, DISTCC_FALLBACK: "0", DISTCC_BACKOFF_PERIOD: "0" },
  },
  async (program) => {
    await edits(program);
    const compiled = fs.readFileSync(jobs, "utf8").match(/compile|COMPILE_OK/g) ?? [];
    assert.ok(compiled.length >= 10, `the daemon compiled: ${compiled.length}`);
  },
);

const caches = fs.mkdtempSync(path.join(os.tmpdir(), "hotreload-sccache-"));
const cacheServer = { SCCACHE_DIR: path.join(caches, "objects"), SCCACHE_SERVER_PORT: String(await freePort()) };

/** What sccache prints. Its server is started by hand: by itself it would outlive the test. */
function sccache(parameter: string): string {
  const ran = spawnSync("sccache", [parameter], { encoding: "utf8", env: { ...process.env, ...cacheServer } });
  assert.equal(ran.status, 0, ran.stderr);
  return ran.stdout;
}

test.before(() => {
  sccache("--start-server");
});

test.after(() => {
  sccache("--stop-server");
  fs.rmSync(caches, { recursive: true });
});

tool(
  "sccache",
  ["clang -O2"],
  {
    define: { CMAKE_C_COMPILER_LAUNCHER: "sccache", CMAKE_CXX_COMPILER_LAUNCHER: "sccache" },
    environment: cacheServer,
  },
  async (program) => {
    await edits(program);
    assert.match(sccache("--show-stats"), /^Compile requests executed +[1-9]\d/m);
  },
);

test.run();
