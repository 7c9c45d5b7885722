// Scenarios E3 and E4: the program ends, crashes or is stopped; the dev server is killed.

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { suite } from "uvu";
import { DEADLINE } from "./changes.js";
import { type Configuration, chosenConfigurations, isRowChosen } from "./configurations.js";
import type { ProcessState } from "./dev_messages.js";
import { Program } from "./program.js";
import { record } from "./results.js";
import { listed } from "./status.js";
import { TickLog } from "./tick_log.js";
import { readProgram } from "./workspace.js";

interface ProcessScenario {
  readonly row: string;
  readonly name: string;
  readonly run: (configuration: Configuration, adopt: (program: Program) => void) => Promise<void>;
}

async function start(configuration: Configuration, adopt: (program: Program) => void, run = true): Promise<Program> {
  const program = await Program.start(readProgram("process"), { configuration, target: "process", run });
  adopt(program);
  return program;
}

/** Waits until the program's end is reported. */
function exited(program: Program): Promise<ProcessState> {
  const { pid } = program;
  return program.server.until("the end of the program to be reported", () =>
    program.server.processStates().find((state) => state.state === "exited" && state.pid === pid),
  );
}

/** Waits for a new process, and checks that it runs the newest text from its own beginning. */
async function startedAgain(program: Program, value: string): Promise<void> {
  program.log.forget();
  await program.connected();
  await program.shows({ E3: value, "E3.count": "from_11" });
  program.same();
}

const exits: ProcessScenario = {
  row: "E3",
  name: "the program exits: it is reported, and the next save starts it again",
  async run(configuration, adopt) {
    const program = await start(configuration, adopt);
    await program.shows({ E3: "1" });
    program.edit("e3.c", "/* place for code */", "if (x == 0) exit(7); /* place for code */");
    assert.equal((await exited(program)).code, 7);
    program.edit("e3.c", "if (x == 0) exit(7); /* place for code */\n  return x + 1;", "return x + 2;");
    await startedAgain(program, "2");
    program.edit("e3.c", "return x + 2;", "return x + 3;");
    await program.hotAtLast(/e3_value/);
    await program.shows({ E3: "3", "E3.count": "from_11" });
    program.same();
    await program.quit();
  },
};

const crashes: ProcessScenario = {
  row: "E3",
  name: "the program crashes: it is reported, and a save or a restart starts it again",
  async run(configuration, adopt) {
    const program = await start(configuration, adopt);
    await program.shows({ E3: "1" });
    program.edit("e3.c", "/* place for code */", "if (x == 0) *(volatile int *)0 = 1; /* place for code */");
    assert.equal((await exited(program)).signal, "SIGSEGV");
    program.edit("e3.c", "if (x == 0) *(volatile int *)0 = 1; /* place for code */\n  return x + 1;", "return x + 5;");
    await startedAgain(program, "5");
    process.kill(program.pid, "SIGKILL");
    assert.equal((await exited(program)).signal, "SIGKILL");
    program.server.command("restart");
    await startedAgain(program, "5");
    program.server.command("restart");
    await startedAgain(program, "5");
    await program.quit();
  },
};

const instances: ProcessScenario = {
  row: "E2",
  name: "several instances run: each is connected, patched, undone and reported by itself, and a late one catches up",
  async run(configuration, adopt) {
    const program = await start(configuration, adopt);
    await program.shows({ E4: "1" });
    const others: { child: ChildProcess; log: TickLog }[] = [];
    const another = async () => {
      const child = spawn(path.join(program.build, "process"), { env: program.mark.environment(), stdio: "pipe" });
      const log = new TickLog(program.changes, () => {});
      child.stdout.on("data", (data) => log.feed(String(data)));
      others.push({ child, log });
      await program.server.until("it to connect", () =>
        program.server.processStates().find(({ pid, state }) => pid === child.pid && state === "connected"),
      );
    };
    const allShow = async (value: string) => {
      for (const { log } of others) await log.shows({ E4: value });
    };
    await another();
    program.edit("e4.c", "return x + 1;", "return x + 2;");
    const hots = [await program.hot(/e4_value/), await program.hot(/e4_value/)];
    assert.equal(new Set(hots.map(({ pid }) => pid)).size, 2, "one report a process");
    await program.shows({ E4: "2" });
    await allShow("2");
    await another();
    assert.equal((await program.hot(/e4_value/)).pid, others[1]?.child.pid, "the late one catches up");
    await allShow("2");
    await program.turn("undo");
    await program.shows({ E4: "1" });
    await allShow("1");
    const pids = [program.pid, ...others.map(({ child }) => child.pid)];
    assert.deepEqual(
      (await listed(program)).map(({ pid, state, patches }) => [pid, state, patches]).sort(),
      pids.map((pid) => [pid, "current", [{ patch: 1, standing: "undone", functions: ["e4_value"] }]]).sort(),
    );
    for (const { child } of others) await endOther(program, child);
    program.server.forgetVerdicts();
    program.same();
    await program.quit();
  },
};

/** The first line of the file that has this text. */
function lineOf(program: Program, name: string, text: string): number {
  return (
    program.workspace
      .read(name)
      .split("\n")
      .findIndex((line) => line.includes(text)) + 1
  );
}

/** What crashes left for the report of them, of all processes but this one. */
function leftRecords(program: Program): string[] {
  const names = fs.readdirSync(path.join(program.build, ".hotreload/patches"));
  return names.filter((name) => name.endsWith(".crash") && !name.startsWith(`${program.pid}-`));
}

async function endOther(program: Program, child: ChildProcess): Promise<void> {
  child.kill("SIGTERM");
  await program.server.until("its end to be reported", () =>
    program.server.processStates().find(({ pid, state }) => pid === child.pid && state === "exited"),
  );
}

const newCodeCrashes: ProcessScenario = {
  row: "E8",
  name: "new code crashes: the report names its patch, function and line; undo starts what was linked, a save what is saved",
  async run(configuration, adopt) {
    const program = await start(configuration, adopt);
    await program.shows({ E3: "1", "E4.other": "5" });
    program.edit("e4.c", "return x + 5;", "return x + 6;");
    await program.hot(/e4_other/);
    await program.shows({ "E4.other": "6" });
    program.edit("e3.c", "/* place for code */", "if (x == 0) *(volatile int *)0 = 1; /* place for code */");
    const state = await exited(program);
    const { patch, functions } = state.lastPatch as { patch: number; functions: string[] };
    assert.deepEqual([state.signal, patch, functions], ["SIGSEGV", 2, ["e3_value"]]);
    assert.deepEqual(state.crash, {
      signal: "SIGSEGV",
      function: "e3_value",
      file: program.workspace.path("e3.c"),
      line: lineOf(program, "e3.c", "(volatile int *)"),
      patch: 2,
      inside: "",
    });
    assert.deepEqual(state.offers, ["restart", "undo"]);

    program.server.command("undo");
    await startedAgain(program, "1");
    await program.shows({ "E4.other": "5" });
    assert.equal((await listed(program))[0]?.state, "behind");
    program.edit("e3.c", "if (x == 0) *(volatile int *)0 = 1; /* place for code */\n  return x + 1;", "return x + 5;");
    await program.hot(/e3_value/);
    await program.shows({ E3: "5", "E4.other": "6" });
    program.same();

    // As assert() ends: libc raises the signal, and the line is that of the project's code.
    program.edit("e3.c", "return x + 5;", "if (x == 0)\n    abort();\n  return x + 5;");
    const aborted = await exited(program);
    const crash = aborted.crash as { signal: string; function: string; line: number; patch: number; inside: string };
    assert.deepEqual(
      [aborted.signal, crash.signal, crash.function, crash.patch, crash.inside],
      ["SIGABRT", "SIGABRT", "e3_value", 2, "abort"],
    );
    assert.equal(crash.line, lineOf(program, "e3.c", "abort();"));
    assert.deepEqual(leftRecords(program), []);
    program.edit("e3.c", "if (x == 0)\n    abort();\n  return x + 5;", "return x + 7;");
    await startedAgain(program, "7");
    await program.quit();
  },
};

const stopped: ProcessScenario = {
  row: "E3",
  name: "the program is stopped for a few seconds: it catches up with the last text when it goes on",
  async run(configuration, adopt) {
    const program = await start(configuration, adopt);
    await program.shows({ E3: "1", "E3.count": "from_11" });
    const objectTime = () => program.workspace.objectTimes(program.build).get("e3.c");
    process.kill(program.pid, "SIGSTOP");
    for (const [from, to] of [
      ["return x + 1;", "return x + 2;"],
      ["return x + 2;", "return x + 3;"],
    ] as const) {
      const before = objectTime();
      program.workspace.edit("e3.c", from, to);
      const seen = Date.now() + DEADLINE;
      while (from === "return x + 1;" && objectTime() === before) {
        assert.ok(Date.now() < seen, "the save is built although the program is stopped");
        await delay(20); // nothing tells when ninja has written a file
      }
      await delay(2000); // how long it is stopped is what this scenario is about
    }
    process.kill(program.pid, "SIGCONT");
    await program.server.until("the last text", () => (program.log.value("E3") === "3" ? true : undefined));
    await program.goesOn(10);
    assert.ok(["1,3", "1,2,3"].includes(program.log.history("E3").join()), program.log.history("E3").join());
    assert.deepEqual(program.log.history("E3.count"), ["from_11"], "the state is kept");
    program.same();
    program.edit("e3.c", "return x + 3;", "return x + 4;");
    await program.server.until("the next save", () => (program.log.value("E3") === "4" ? true : undefined));
    program.same();
    await program.quit();
  },
};

const serverKilled: ProcessScenario = {
  row: "E4",
  name: "the dev server is killed and started again: the program reconnects and keeps what was applied",
  async run(configuration, adopt) {
    const program = await start(configuration, adopt, false);
    const child = runElsewhere(program);
    await program.connected(child.pid);
    await program.shows({ E4: "1", "E4.other": "5", "E4.count": "from_21" });
    program.edit("e4.c", "return x + 1;", "return x + 2;");
    await program.hot(/e4_value/);
    await program.shows({ E4: "2" });

    await program.killServer();
    await program.goesOn();
    await program.startServerAgain();
    await program.connected(child.pid);
    await program.goesOn(10);
    assert.deepEqual(program.log.history("E4"), ["1", "2"], "what was applied stays");
    program.edit("e4.c", "return x + 5;", "return x + 6;");
    const hot = await program.hot(/e4_other/);
    assert.equal(hot.functions.length, 1, "e4_value is known to be applied");
    await program.shows({ E4: "2", "E4.other": "6" });
    program.edit("e4.c", "return x + 2;", "return x + 3;");
    await program.hot(/e4_value/);
    await program.shows({ E4: "3", "E4.other": "6", "E4.count": "from_21" });

    program.same();
    await endElsewhere(program, child);
  },
};

const savedMeanwhile: ProcessScenario = {
  row: "E4",
  name: "a save while no dev server runs is caught up with when one is started",
  async run(configuration, adopt) {
    const program = await start(configuration, adopt, false);
    const child = runElsewhere(program);
    await program.connected(child.pid);
    await program.shows({ E4: "1", "E4.other": "5" });
    await program.killServer();
    program.workspace.edit("e4.c", "return x + 5;", "return x + 7;");
    await program.startServerAgain();
    await program.connected(child.pid);
    await program.hot(/e4_other/);
    await program.shows({ "E4.other": "7" });
    await program.goesOn(10);
    program.same();
    assert.deepEqual(program.log.history("E4.count"), ["from_21"], "the state is kept");
    await endElsewhere(program, child);
  },
};

const undoneKnown: ProcessScenario = {
  row: "E9",
  name: "a new dev server knows what is undone: it is redone from there, and a save counts from what the process runs",
  async run(configuration, adopt) {
    const program = await start(configuration, adopt, false);
    const child = runElsewhere(program);
    await program.connected(child.pid);
    await program.shows({ E4: "1", "E4.other": "5" });
    program.edit("e4.c", "return x + 1;", "return x + 2;");
    await program.hot(/e4_value/);
    await program.shows({ E4: "2" });
    program.edit("e4.c", "return x + 2;", "return x + 3;");
    await program.hot(/e4_value/);
    await program.shows({ E4: "3" });
    await program.turn("undo");
    await program.shows({ E4: "2" });

    await program.killServer();
    // As the process is now: the undone change is taken out, so that the new server has nothing to patch.
    program.workspace.edit("e4.c", "return x + 3;", "return x + 2;");
    await program.startServerAgain();
    await program.connected(child.pid);
    await program.goesOn(10);
    assert.equal((await program.turn("redo")).patch, 2);
    await program.shows({ E4: "3" });
    await program.turn("undo");
    await program.shows({ E4: "2" });
    await program.turn("undo");
    await program.shows({ E4: "1" });
    program.edit("e4.c", "return x + 5;", "return x + 6;");
    const hot = await program.hot(/e4_value/, /e4_other/);
    assert.equal(hot.patch, 3, "no number is used twice");
    await program.shows({ E4: "2", "E4.other": "6", "E4.count": "from_21" });
    program.same();
    await endElsewhere(program, child);
  },
};

/** Ends the program where it was started; the dev server reports it, and ends cleanly. */
async function endElsewhere(program: Program, child: ChildProcess): Promise<void> {
  const end = new Promise((resolve) => child.once("close", resolve));
  child.kill("SIGTERM");
  await end;
  await exited(program);
  await program.quit();
}

/** Starts the built program as a terminal or an IDE does, not through the dev server. */
function runElsewhere(program: Program): ChildProcess {
  const child = spawn(path.join(program.build, "process"), { env: program.mark.environment(), stdio: "pipe" });
  child.stdout.on("data", (data) => program.log.feed(String(data)));
  return child;
}

const scenarios = [
  exits,
  crashes,
  instances,
  newCodeCrashes,
  stopped,
  serverKilled,
  savedMeanwhile,
  undoneKnown,
].filter(({ row }) => isRowChosen(row));

for (const configuration of chosenConfigurations()) {
  const test = suite(`processes ${configuration.name}`);
  for (const { row, name, run } of scenarios) {
    test(`${row} ${configuration.name}: ${name}`, async () => {
      let program: Program | undefined;
      let outcome: "passed" | "failed" = "failed";
      const adopt = (started: Program) => {
        program = started;
      };
      try {
        await run(configuration, adopt);
        outcome = "passed";
      } catch (error) {
        await program?.abandon(error);
        throw error;
      } finally {
        const verdicts = [...new Set(program?.verdicts.map(({ type }) => type))];
        const where = { row, configuration: configuration.name, level: "executable" } as const;
        record("processes", { ...where, test: name, outcome, verdicts });
      }
    });
  }
  test.run();
}
