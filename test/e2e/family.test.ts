// Scenario E2: processes that the program starts in every way that there is, and those that outlive it.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import type { ProcessState, Ready } from "./dev_messages.js";
import type { Program } from "./program.js";
import { runScenarios, type Scenario } from "./scenario_suite.js";
import { listed } from "./status.js";

/** Where the members of the family write, and the program reads its orders. */
const directoryOf = (program: Program): string => path.join(program.workspace.root, "family");

interface Member {
  readonly pid: number;
  readonly value: number;
  readonly other: number;
}

function order(program: Program, text: string): void {
  const file = path.join(directoryOf(program), "order");
  fs.writeFileSync(`${file}.new`, text);
  fs.renameSync(`${file}.new`, file);
}

function member(program: Program, name: string): Member | undefined {
  const file = path.join(directoryOf(program), name);
  if (!fs.existsSync(file)) return undefined;
  const [pid = 0, value = 0, other = 0] = fs.readFileSync(file, "utf8").split(" ").map(Number);
  return { pid, value, other };
}

/** Waits until a member shows these values. It is polled: a file tells nobody. */
async function shows(program: Program, name: string, value: number, other: number): Promise<Member> {
  return program.server.until(`${name} to show ${value} and ${other}`, () => {
    const found = member(program, name);
    return found?.value === value && found.other === other ? found : undefined;
  });
}

function state(program: Program, pid: number, wanted: ProcessState["state"]): Promise<ProcessState> {
  return program.server.until(`process ${pid} to be ${wanted}`, () =>
    program.server.processStates().find((state) => state.pid === pid && state.state === wanted),
  );
}

/** Edits one of the two functions of value.c, from whatever it was. */
function set(program: Program, name: "value" | "other", to: number): void {
  const text = program.workspace.read("value.c");
  program.log.forget();
  program.save("value.c", text.replace(new RegExp(`(int ${name}\\(.*return x \\+ )\\d+`), `$1${to}`));
}

/** One hot verdict for each of these processes, in any order. */
async function hotInAll(program: Program, pids: readonly number[], functions: RegExp): Promise<void> {
  const hots = [];
  for (const _ of pids) hots.push(await program.hot(functions));
  assert.deepEqual(hots.map(({ pid }) => pid).sort(), [...pids].sort());
}

const WAYS = ["fork", "spawn", "forkexec", "daemon"] as const;

const everyWay: Scenario = {
  row: "E2",
  name: "children of fork, posix_spawn and exec, and a daemon: brought up to date as they connect, and then patched as one",
  async run(program) {
    await program.shows({ E2: "1" });
    set(program, "value", 2);
    await program.hot(/value/);
    const pids = [program.pid];
    for (const way of WAYS) {
      program.server.forgetVerdicts();
      order(program, way);
      // What was forked has the patch already; what was executed has the code of the last link, and catches up.
      const { pid } = await shows(program, way, 2, 5);
      await state(program, pid, "connected");
      if (way === "spawn" || way === "forkexec") assert.equal((await program.hot(/value/)).pid, pid);
      pids.push(pid);
    }
    set(program, "other", 6);
    await hotInAll(program, pids, /other/);
    for (const way of WAYS) await shows(program, way, 2, 6);
    const found = await listed(program);
    assert.deepEqual(found.map(({ pid, state }) => [pid, state]).sort(), pids.map((pid) => [pid, "current"]).sort());
    const of = (way: (typeof WAYS)[number]) => found.find(({ pid }) => pid === member(program, way)?.pid);
    assert.equal(of("fork")?.parentPid, program.pid);
    assert.deepEqual(
      [of("fork")?.patches, of("spawn")?.patches].map((patches) => patches?.map(({ functions }) => functions)),
      [
        [["value"], ["other"]],
        [["value"], ["other"]],
      ],
    );
    for (const value of [3, 1]) {
      set(program, "value", value);
      await hotInAll(program, pids, /value/);
    }
    for (const way of WAYS) await shows(program, way, 1, 6);
  },
};

const itself: Scenario = {
  row: "E2",
  name: "the program executes itself: the new image is connected, brought up to date and patched on",
  async run(program) {
    const before = fs.readFileSync(`/proc/${program.pid}/stat`, "utf8").split(" ")[0];
    set(program, "value", 7);
    await hotInAll(program, [program.pid, ...membersOf(program)], /value/);
    await program.shows({ E2: "7" });
    program.server.forgetVerdicts();
    order(program, "exec");
    const hot = await program.hot(/value/);
    assert.equal(hot.pid, program.pid);
    await program.goesOn(5);
    assert.equal(program.log.value("E2"), "7");
    assert.equal(program.server.messages.filter(({ type }) => type === "ready").length, 1, "it was started once");
    assert.equal(fs.readFileSync(`/proc/${program.pid}/stat`, "utf8").split(" ")[0], before);
    set(program, "value", 8);
    await hotInAll(program, [program.pid, ...membersOf(program)], /value/);
    await program.shows({ E2: "8" });
  },
};

const membersOf = (program: Program): number[] => WAYS.flatMap((way) => member(program, way)?.pid ?? []);

const BRIEF = Number(process.env.HOTRELOAD_E2E_BRIEF ?? 50);

const brief: Scenario = {
  row: "E2",
  name: `${BRIEF} processes that end at once: none fails, none is left over, and a reload is not held up by them`,
  async run(program) {
    const environment = { ...program.mark.environment(), FAMILY: directoryOf(program) };
    const file = path.join(program.build, "brief");
    const since = performance.now();
    for (let count = 0; count < BRIEF; count++) {
      const { status, signal } = spawnSync(file, { env: environment });
      assert.deepEqual([status, signal], [1, null]);
    }
    console.log(`\n  E2: ${BRIEF} short processes, ${((performance.now() - since) / BRIEF).toFixed(2)} ms each`);
    program.server.forgetVerdicts();
    set(program, "value", 9);
    const pids = [program.pid, ...membersOf(program)];
    const hots = new Set<number | undefined>();
    while (hots.size < pids.length) hots.add((await program.hot(/value/)).pid);
    await program.shows({ E2: "9" });
    const left = await program.server.until("the short ones to be gone", () => {
      const open = new Set<number>();
      for (const { pid, state } of program.server.processStates())
        state === "connected" ? open.add(pid) : open.delete(pid);
      return open.size === pids.length ? open : undefined;
    });
    assert.deepEqual([...left].sort(), pids.sort());
  },
};

const outliving: Scenario = {
  row: "E2",
  name: "a daemon outlives the program that forked it, with its patches, and is patched on",
  async run(program) {
    const { pid } = program;
    order(program, "end");
    await state(program, pid, "exited");
    program.server.forgetVerdicts();
    const daemon = member(program, "daemon");
    set(program, "other", 60);
    // The save starts the program anew, and what is left of its session is ended.
    const ready = await program.server.until("the program to be started", () =>
      program.server.messages.findLast((message) => message.type === "ready" && message.pid !== pid),
    );
    await program.connected((ready as Ready).pid);
    assert.equal((await program.hot(/other/)).pid, daemon?.pid);
    const after = await program.server.until("the daemon to show the last text", () => {
      const found = member(program, "daemon");
      return found?.other === 60 ? found : undefined;
    });
    assert.deepEqual(after, { ...daemon, other: 60 });
    // Nobody else ends it.
    process.kill(after.pid, "SIGTERM");
    await state(program, after.pid, "exited");
  },
};

runScenarios("family", "family", [everyWay, itself, brief, outliving], {
  environmentOf: (workspace) => {
    const directory = path.join(workspace.root, "family");
    fs.mkdirSync(directory);
    return { FAMILY: directory };
  },
});
