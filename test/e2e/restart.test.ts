// A change that needs a restart: offered, done or left alone; the new process is started as the old one was, with its state.

import assert from "node:assert/strict";
import { suite } from "uvu";
import type { Restarting, State } from "./dev_messages.js";
import { Program, type ProgramOptions } from "./program.js";
import { readProgram } from "./workspace.js";

const test = suite("restart");

/** A member more in front of the one that is used: objects of the old layout are alive. */
const LAYOUT = ["struct part {\n  int a;", "struct part {\n  long more;\n  int a;"] as const;

async function withProgram(options: ProgramOptions, body: (program: Program) => Promise<void>): Promise<void> {
  const settings = {
    ...options,
    target: "restart",
    programArguments: ["one", "a b"],
    environment: { R_SETTING: "x=y" },
  };
  const program = await Program.start(readProgram("restart"), settings);
  try {
    await body(program);
    await program.quit();
  } catch (error) {
    await program.abandon(error);
    throw error;
  }
}

/** Waits for the end of the program and for the next one. */
async function restarted(program: Program): Promise<Restarting> {
  const { server } = program;
  const before = program.pid;
  const report = await server.until("the restart to be told", () =>
    server.messages.find((message) => message.type === "restarting" && message.pid === before),
  );
  program.log.forget();
  await program.connected();
  assert.notEqual(program.pid, before);
  await program.goesOn();
  return report as Restarting;
}

const last = (program: Program, field: string): number => Number(program.log.history(field).at(-1));

async function started(program: Program): Promise<number> {
  return program.server.until("the program's first lines", () => {
    const first = program.log.value("R.first");
    return first === undefined ? undefined : Number(first);
  });
}

function stateOf(program: Program): State | undefined {
  return program.server.messages.findLast((message): message is State => message.type === "state");
}

test("by itself: the reason in one line; arguments, environment, directory and state are those of the process before", () =>
  withProgram({ onUnsupported: "restart" }, async (program) => {
    assert.equal(await started(program), 0);
    await program.goesOn(10);
    const [seen, directory] = [last(program, "R.count"), program.log.value("R.directory")];
    program.edit("state.c", ...LAYOUT);
    assert.equal((await program.restartNeeded()).action, "restart");
    const { why } = await restarted(program);
    assert.match(why, /state\.c:\d+:.*\bpart\b.*E_LAYOUT/);
    assert.ok(!why.includes("\n"));
    assert.ok((await started(program)) >= seen, "the count goes on");
    assert.equal(program.log.value("R.directory"), directory);
    assert.equal(program.log.value("R.setting"), "x=y");
    assert.match(program.log.value("R.arguments") ?? "", /\/restart\|one\|a_b$/);
    await program.server.until("the state to be told of", () => stateOf(program));
    assert.deepEqual(stateOf(program), { type: "state", pid: program.pid, kept: true, key: "kept", size: 8, left: 8 });
    // The new process is an ordinary one.
    program.edit("state.c", "return part->b;", "return part->b + 1;");
    await program.hot(/state_part/);
    await program.shows({ "R.part": "3" });
  }));

test("asked for: the program goes on until then; a block of another size begins anew, and so does all after a crash", () =>
  withProgram({}, async (program) => {
    await started(program);
    program.edit("state.c", ...LAYOUT);
    assert.equal((await program.restartNeeded()).action, "ask");
    await program.goesOn(10);
    program.same();
    const seen = last(program, "R.count");
    program.server.command("restart");
    assert.match((await restarted(program)).why, /E_LAYOUT/);
    assert.ok((await started(program)) >= seen);

    program.edit("state.c", "struct kept {\n", "struct kept {\n  long before;\n");
    await program.nextVerdict();
    program.server.command("restart");
    await restarted(program);
    assert.equal(await started(program), 0);
    const state = await program.server.until("the state to be told of", () => {
      const found = stateOf(program);
      return found?.kept === false ? found : undefined;
    });
    assert.deepEqual([state.size, state.left], [16, 8]);

    await program.goesOn(5);
    const { pid } = program;
    process.kill(pid, "SIGKILL");
    await program.server.until("its end", () =>
      program.server.processStates().find((state) => state.pid === pid && state.state === "exited"),
    );
    program.log.forget();
    program.edit("state.c", "return part->b;", "return part->b + 1;");
    await program.connected();
    assert.equal(await started(program), 0);
    await program.shows({ "R.part": "3" });
  }));

test.run();
