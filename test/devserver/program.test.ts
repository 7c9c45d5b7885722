// The program runs with the session in its environment, and ends with everything that it started.

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { suite } from "uvu";
import { Program, type ProgramEvents } from "../../devserver/program.js";
import { membersOfSession, processStat } from "../../plugin/command.js";
import type { Problem } from "../../plugin/errors.js";
import { Inbox, until } from "./inbox.js";
import { Scratch } from "./scratch.js";

const test = suite("program");
let programs: Program[] = [];

test.after.each(async () => {
  for (const program of programs) await program.stop(0);
  programs = [];
});

interface Run {
  readonly program: Program;
  readonly scratch: Scratch;
  readonly output: Inbox<{ stream: string; text: string }>;
  readonly exits: Inbox<{ code?: number; signal?: string }>;
  readonly problems: Inbox<Problem>;
  says(text: string): Promise<void>;
}

/** A program that is a shell script. */
function run(script: string, args: readonly string[] = []): Run {
  const scratch = new Scratch({ "script.sh": script });
  const output = new Inbox<{ stream: string; text: string }>();
  const exits = new Inbox<{ code?: number; signal?: string }>();
  const problems = new Inbox<Problem>();
  const events: ProgramEvents = {
    output: (_pid, stream, text) => output.push({ stream, text }),
    exited: (_pid, how) => exits.push(how),
    problem: problems.push,
  };
  const options = {
    path: "/bin/sh",
    args: [scratch.file("script.sh"), ...args],
    sessionFile: "/s.json",
    stateDir: scratch.file("state"),
    piped: true,
  };
  const program = new Program(options, events);
  programs.push(program);
  program.start();
  const says = async (text: string): Promise<void> => {
    const all = (): string => output.all.map((each) => each.text).join("");
    await until(`the program to say ${text}`, () => all().includes(text));
  };
  return { program, scratch, output, exits, problems, says };
}

test("it gets its arguments, the session and an empty standard input, and its output comes as events", async () => {
  const { output, exits } = run('cat; echo "$1 $HOTRELOAD_SESSION"; echo oops >&2; exit 3', ["a b"]);
  assert.deepEqual(await exits.next("exit"), { code: 3 });
  const of = (stream: string): string =>
    output.all
      .filter((each) => each.stream === stream)
      .map((each) => each.text)
      .join("");
  assert.deepEqual([of("stdout"), of("stderr")], ["a b /s.json\n", "oops\n"]);
});

test("it is stopped with its children, its grandchildren and those in groups of their own", async () => {
  const { program, exits, says } = run(
    'set -m; sleep 61 & sh -c "sleep 62 & echo ready; wait" & wait; echo not reached',
  );
  await says("ready");
  const pid = program.pid ?? 0;
  assert.ok(membersOfSession(pid).length >= 4);
  await program.stop();
  assert.deepEqual(membersOfSession(pid), []);
  assert.deepEqual(await exits.next("exit"), { signal: "SIGTERM" });
  assert.equal(program.isRunning(), false);
});

test("one that does not listen to SIGTERM is killed", async () => {
  const { program, exits, says } = run("trap '' TERM; echo ready; while :; do sleep 63; done");
  await says("ready");
  const start = performance.now();
  await program.stop(100);
  assert.ok(performance.now() - start >= 100);
  assert.deepEqual(await exits.next("exit"), { signal: "SIGKILL" });
});

test("what it does at its end is waited for", async () => {
  const { program, exits, scratch, says } = run(
    `trap 'echo saved > "\${0%/*}/saved"; exit 7' TERM; echo ready; while :; do sleep 0.01; done`,
  );
  await says("ready");
  await program.stop();
  assert.deepEqual(await exits.next("exit"), { code: 7 });
  assert.equal(readFileSync(scratch.file("saved"), "utf8"), "saved\n");
});

test("children that outlive it are ended when it is stopped, though it is gone", async () => {
  const { program, exits, scratch } = run(`sleep 64 > /dev/null 2>&1 & echo $! > "\${0%/*}/child"`);
  assert.deepEqual(await exits.next("exit"), { code: 0 });
  assert.equal(program.isRunning(), false);
  const child = Number(readFileSync(scratch.file("child"), "utf8"));
  assert.equal(processStat(child)?.ended, false);
  await program.stop();
  await until("the child to end", () => processStat(child)?.ended !== false);
});

test("it can be started again", async () => {
  const { program, exits, says } = run("echo ready; exec sleep 65");
  await says("ready");
  const first = program.pid;
  await program.stop();
  await exits.next("exit");
  program.start();
  assert.notEqual(program.pid, first);
  assert.ok(first !== undefined && program.hasStarted(first) && program.hasStarted(program.pid ?? 0));
});

test("what it keeps is there for the next one if that is asked for, and else it is deleted", async () => {
  const { program, output, exits } = run('cd "$HOTRELOAD_STATE"; echo "found:$(ls)"; touch kept');
  await exits.next("exit");
  program.start(true);
  await exits.next("exit");
  program.start();
  await exits.next("exit");
  assert.deepEqual(
    output.all.map(({ text }) => text),
    ["found:\n", "found:kept\n", "found:\n"],
  );
});

test("one that cannot be started is reported", async () => {
  const problems = new Inbox<Problem>();
  const program = new Program(
    { path: "/nonexistent/program", args: [], sessionFile: "/s", stateDir: new Scratch({}).file("state"), piped: true },
    { output: () => {}, exited: () => {}, problem: problems.push },
  );
  program.start();
  const problem = await problems.next("problem");
  assert.equal(problem.code, "E_PROGRAM");
  assert.match(problem.message, /\/nonexistent\/program cannot be started/);
  assert.equal(program.isRunning(), false);
  assert.equal(existsSync("/nonexistent"), false);
});

test.run();
