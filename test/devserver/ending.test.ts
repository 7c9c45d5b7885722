// A bug of the server's own: everything is ended by force, and the process exits with 1.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { suite } from "uvu";
import { processStat } from "../../plugin/command.js";
import { until } from "./inbox.js";
import { Scratch } from "./scratch.js";

const test = suite("ending");

/** Runs statements in a process of their own that has an Ending and a program `sleep`. */
function run(statements: string): { status: number | null; stderr: string; child: number } {
  const scratch = new Scratch();
  const from = (name: string): string => new URL(`../../devserver/${name}.js`, import.meta.url).href;
  const script = `
    import { writeFileSync } from "node:fs";
    import { Ending } from "${from("ending")}";
    import { Program } from "${from("program")}";
    const ending = new Ending();
    const events = { output() {}, exited() {}, problem() {} };
    const options = { path: "/bin/sleep", args: ["68"], sessionFile: "/s", stateDir: "${scratch.file("state")}", piped: true };
    const program = new Program(options, events);
    program.start();
    writeFileSync("${scratch.file("child")}", String(program.pid));
    ending.onEnd(() => program.stop(), () => program.kill());
    ${statements}`;
  const file = scratch.write("run.mjs", script);
  const { status, stderr } = spawnSync(process.execPath, [file], { encoding: "utf8", timeout: 20_000 });
  return { status, stderr, child: Number(readFileSync(scratch.file("child"), "utf8")) };
}

for (const [what, statement] of [
  ["an exception", 'setTimeout(() => { throw new Error("surprise"); }, 1);'],
  ["a rejection", 'void Promise.reject(new Error("surprise"));'],
] as const) {
  test(`${what} that nobody expected ends the program, is printed, and exits with 1`, async () => {
    const { status, stderr, child } = run(statement);
    assert.equal(status, 1);
    assert.match(stderr, /bug of its own:\nError: surprise\n {4}at /);
    await until("the program to end", () => processStat(child)?.ended !== false);
  });
}

test("steps are done in reverse order, each once, and signals have their own meaning again", () => {
  const { status, stderr } = run(`
    ending.onEnd(() => console.error("one"));
    ending.onEnd(async () => console.error("two"));
    await ending.end();
    console.error(process.listenerCount("SIGINT"));
    process.exit(ending.signal.aborted ? 0 : 9);`);
  assert.deepEqual([status, stderr], [0, "two\none\n0\n"]);
});

test("whoever asks twice does not wait, but a signal that comes twice at once is one", () => {
  const { status } = run(`
    const start = performance.now();
    ending.onEnd(() => new Promise(() => {}), () => process.exit(performance.now() - start > 300 ? 5 : 6));
    const interrupt = () => process.kill(process.pid, "SIGINT");
    interrupt();
    setInterval(interrupt, 10);
    await ending.end();`);
  assert.equal(status, 5);
});

test.run();
