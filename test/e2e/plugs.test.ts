// Plugs are pulled while a patch is on its way: the program is untouched, the reason has a code, and the next save makes
// up for it. HOTRELOAD_E2E_PLUGS says how often each of them is pulled. With more than eight, run it several times instead:
// every hundred builds ninja writes its log anew, which looks like a build of somebody else's, so that what was refused comes
// without another save.

import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { suite } from "uvu";
import { allConfigurations } from "./configurations.js";
import { holdingsOf } from "./holdings.js";
import { Program } from "./program.js";
import { readProgram, type Workspace } from "./workspace.js";

/** So many ranges fit near a module. */
const MANY = 31;
const RANGE_KIB = 64 * 1024;
const TIMES = Number(process.env.HOTRELOAD_E2E_PLUGS ?? 1);

const test = suite("plugs");
let program: Program;
let child: ChildProcess;
let value = 1;

const directory = (): string => path.join(program.workspace.root, "plugs");
const pull = (order: string): void => fs.writeFileSync(path.join(directory(), "plug"), order);

/** Starts the program as a terminal does, since the dev server is to be killed alone. */
async function run(): Promise<void> {
  const environment = { ...program.mark.environment(), PLUGS: directory() };
  child = spawn(path.join(program.build, "plugs"), { env: environment, stdio: ["ignore", "pipe", "inherit"] });
  child.stdout?.on("data", (data) => program.log.feed(String(data)));
  program.log.forget();
  await program.connected(child.pid);
}

/** The next text of the function. */
function edit(): void {
  const text = program.workspace.read("value.c");
  value += 1;
  program.save("value.c", text.replace(/(int plugs_value.*return x \+ )\d+/, `$1${value}`));
}

/** The text that was saved last is live, and the state is kept. */
async function isLive(): Promise<void> {
  // Whether a dev server runs or not.
  await program.changes.until(`${value}`, () => (program.log.value("P") === String(value) ? true : undefined));
  await program.goesOn();
  assert.deepEqual(program.log.history("P.count"), ["from_21"]);
}

/** The program runs what it ran before, and the next save brings what was refused as well. */
async function isMadeUpFor(before: number): Promise<void> {
  await program.goesOn(5);
  assert.equal(program.log.value("P"), String(before));
  program.same();
  edit();
  await program.hot(/plugs_value/);
  await isLive();
}

async function refused(code: string, message = /./): Promise<void> {
  const verdict = await program.nextVerdict();
  assert.ok(verdict.type === "error" && verdict.code === code, JSON.stringify(verdict).slice(0, 2000));
  assert.match(verdict.message, message);
}

/** Open files of a process, and how many mappings it has of patches, of what is reserved, and of others. */
function holdings(pid: number | undefined): { files: number; patches: number } {
  const maps = fs.readFileSync(`/proc/${pid}/maps`, "utf8");
  const patches = new Set([...maps.matchAll(/\/\.hotreload\/patches\/\S+/g)].map(([file]) => file));
  return { files: fs.readdirSync(`/proc/${pid}/fd`).length, patches: patches.size };
}

async function again(name: string, body: () => Promise<void>, times = TIMES): Promise<void> {
  for (let time = 0; time < times; time++) {
    try {
      await body();
    } catch (error) {
      if (error instanceof Error) error.message += `\n${name}, time ${time + 1}`;
      await program.abandon(error);
      throw error;
    }
  }
}

test.before(async () => {
  const stage = (workspace: Workspace, name: string) => ["sh", workspace.path("stage.sh"), name];
  const linker = execFileSync("sh", ["-c", "command -v ld.bfd"], { encoding: "utf8" }).trim();
  program = await Program.start(readProgram("plugs"), {
    configuration: allConfigurations[0],
    target: "plugs",
    run: false,
    define: { CMAKE_C_COMPILER_LAUNCHER: (workspace) => stage(workspace, "build").join(";") },
    // Found before the linker itself by whoever links patches. A compiler calls `ld`.
    prepare: (workspace) => {
      const script = `#!/bin/sh\nexec ${stage(workspace, "link").join(" ")} ${linker} "$@"\n`;
      fs.mkdirSync(path.join(workspace.root, "tools"));
      fs.writeFileSync(path.join(workspace.root, "tools/ld.bfd"), script, { mode: 0o700 });
      fs.mkdirSync(path.join(workspace.root, "plugs"));
    },
    environmentOf: ({ root }) => ({ PLUGS: path.join(root, "plugs"), PATH: `${root}/tools:${process.env.PATH}` }),
  });
  await run();
  await program.shows({ P: "1" });
});

async function pullTaken(): Promise<void> {
  pull("taken");
  edit();
  await program.hot(/plugs_value/);
  await isLive();
  program.same();
}

test("the place of the patch is taken by another part of the program: another one is found without asking", () =>
  again("taken", pullTaken));

for (const [order, why] of [
  ["gone", "the file of the patch is gone"],
  ["damaged", "the file of the patch is cut off when the loader comes to it"],
  ["memory", "the process has no more memory for the patch"],
] as const) {
  test(`${why}: refused by the loader, and nothing stays behind`, () =>
    again(order, async () => {
      const before = value;
      const held = holdings(child.pid);
      pull(order);
      edit();
      await refused("E_AGENT_LOAD", /value|plugs|\.so/);
      assert.deepEqual(holdings(child.pid), held);
      await isMadeUpFor(before);
      assert.deepEqual(holdings(child.pid), { ...held, patches: held.patches + 1 });
    }));
}

test("the process has hardly any mappings left: a restart is needed, it keeps those, and is patched when it has more", () =>
  again("mappings", async () => {
    const before = value;
    const held = holdings(child.pid);
    pull("mappings");
    edit();
    const { reasons } = await program.restartNeeded();
    assert.deepEqual(
      reasons.map(({ code }) => code),
      ["E_MAPPINGS"],
    );
    assert.match(reasons[0]?.message ?? "", /vm\.max_map_count/);
    assert.deepEqual(holdings(child.pid), held);
    await isMadeUpFor(before);
  }));

for (const [stage, when] of [
  ["build", "while the compiler runs"],
  ["link", "while its patch is linked"],
  ["program", "when it is about to load the patch"],
  ["loaded", "when it has loaded the patch, and not said so"],
  ["applied", "when it has said that the patch is applied"],
] as const) {
  test(`the program is killed ${when}: that is reported, nothing of it stays, and the next one runs what was saved`, () =>
    again(stage, async () => {
      const { pid } = child;
      if (stage === "program" || stage === "loaded") pull(stage);
      else if (stage !== "applied") fs.writeFileSync(path.join(directory(), `at-${stage}`), String(pid));
      edit();
      if (stage === "applied") {
        await program.hot(/plugs_value/);
        child.kill("SIGKILL");
      }
      await program.server.until("its end", () =>
        program.server.processStates().find((state) => state.pid === pid && state.state === "exited"),
      );
      await run();
      await program.server.until(`${value}`, () => (program.log.value("P") === String(value) ? true : undefined));
      await program.server.until("the files of the process that ended to be deleted", () => {
        const folders = fs.readdirSync(path.join(program.build, ".hotreload/patches"));
        return folders.every((name) => name.startsWith(`${child.pid}-`)) ? true : undefined;
      });
      assert.deepEqual(fs.readdirSync(directory()), [], "the plug was pulled");
    }));
}

test("the dev server is killed while the program loads the patch: the next one knows that it is applied", () =>
  again("server", async () => {
    pull(`server ${program.server.pid}`);
    edit();
    await program.killedServer();
    await isLive();
    await program.startServerAgain();
    await program.connected(child.pid);
    await isLive();
    program.same();
    edit();
    await program.hot(/plugs_value/);
    await isLive();
  }));

test("the dev server is killed at any moment around a save: the program goes on, and the next server brings the text", () =>
  again("moment", async () => {
    for (const pause of [0, 15, 30, 45, 60, 80, 110, 150]) {
      edit();
      await delay(pause); // another moment each time
      await program.killServer();
      await program.goesOn();
      await program.startServerAgain();
      await program.connected(child.pid);
      await isLive();
      program.same();
    }
  }));

test("the places of many patches are taken, one after another: nothing but they is given up", async () => {
  const reserved = (): number => holdingsOf(child.pid ?? 0).mappings.reserved.kib;
  const before = reserved();
  await again("many taken", pullTaken, MANY);
  const added = reserved() - before;
  assert.ok(added < RANGE_KIB, `${added} KiB of address space more are reserved`);
});

test("after all of it nothing is left over: no process, no open file, no patch of a process that ended", async () => {
  try {
    let files = 0;
    for (let time = 0; time < 4; time++) {
      edit();
      await program.hot(/plugs_value/);
      await isLive();
      if (time === 0) ({ files } = holdings(program.server.pid));
    }
    await program.server.until("the server to have no more files open than before", () =>
      holdings(program.server.pid).files <= files ? true : undefined,
    );
    const { pid } = child;
    child.kill("SIGTERM");
    await program.server.until("its end", () =>
      program.server.processStates().find((state) => state.pid === pid && state.state === "exited"),
    );
    await program.server.end("quit");
    assert.deepEqual(fs.readdirSync(path.join(program.build, ".hotreload/patches")), []);
    assert.ok(!fs.existsSync(path.join(program.build, ".hotreload/session.json")));
    await program.quit();
  } catch (error) {
    await program.abandon(error);
    throw error;
  }
});

test.run();
