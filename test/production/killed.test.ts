// SIGKILL at any moment: the process runs the old or the new code, never some of both, and can be patched again.
//
// HOTRELOAD_KILL_ROUNDS says how often the helper is killed (30).
import { spawn, spawnSync } from "node:child_process";
import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { readPatchFile } from "../../plugin/production/patch_file.js";
import type { RunningProgram } from "../examples/example.js";
import { fix, hotreload, undo, type Workshop, withWorkshop } from "./plain_program.js";

const rounds = Number(process.env.HOTRELOAD_KILL_ROUNDS) || 30;
const cli = fileURLToPath(new URL("../../devserver/cli.js", import.meta.url));
const helper = fileURLToPath(new URL("../../../plugin/inject/build/hotreload_inject", import.meta.url));

/** Functions of the program, and threads that call them. */
const FUNCTIONS = 400;
const numbers = Array.from({ length: FUNCTIONS }, (_, i) => i);
const functions = (result: number): string =>
  numbers
    .map((i) => `__attribute__((noinline)) int f${i}(void) { __asm__ volatile(""); return ${result}; }`)
    .join("\n");

const program = `
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>
${functions(1)}
static int sum(void) { return ${numbers.map((i) => `f${i}()`).join(" + ")}; }
static void *call(void *unused) { for (;;) sum(); return unused; }
int main(void) {
  pthread_t thread;
  pthread_create(&thread, NULL, call, NULL);
  printf("first %lu\\n", (unsigned long)f0);
  for (;;) { printf("sum %d\\n", sum()); fflush(stdout); usleep(1000); }
}
`;
const isOld = (line: string): boolean => line === `sum ${FUNCTIONS}`;
const isNew = (line: string): boolean => line === `sum ${2 * FUNCTIONS}`;

async function setUp(workshop: Workshop) {
  workshop.write("program.c", program);
  workshop.write("fix.c", functions(2));
  workshop.compile("gcc", "program", "-O1", "-pthread", "program.c");
  const patch = workshop.gen("program", "fix.hrp", workshop.object("gcc", "fix.o", "-O1", "fix.c"));
  const running = workshop.start("program");
  const first = Number((await running.waitForLine((line) => line.startsWith("first "))).slice(6));
  await running.waitForLine(isOld);
  return { patch, running, first };
}

interface HelperStatus {
  readonly patches: readonly { readonly start: number; readonly status: string }[];
}

/** The patch as the helper sees it, without Node's own start. */
function statusOf(running: RunningProgram): HelperStatus["patches"][number] | undefined {
  const { stdout } = spawnSync(helper, ["status", `${running.pid}`], { encoding: "utf8" });
  return (JSON.parse(stdout) as HelperStatus).patches[0];
}

const isApplied = (running: RunningProgram): boolean => statusOf(running)?.status === "applied";

/** One after the other, without letting anything else of this process run: the moments are short. */
function wait(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

/** What to wait for before the helper is killed; each is asked again and again. */
function moments(pid: number, first: number) {
  const memory = openSync(`/proc/${pid}/mem`, "r");
  const byte = Buffer.alloc(1);
  const entry = (): number => {
    readSync(memory, byte, 0, 1, first);
    return byte[0] ?? 0;
  };
  const before = entry();
  return {
    isHeld: () => !/^TracerPid:\t0$/m.test(readFileSync(`/proc/${pid}/status`, "utf8")),
    /** The first function is changed already: the others are about to be. */
    isBegun: () => entry() !== before,
    close: () => closeSync(memory),
  };
}

test(`the helper, killed ${rounds} times while it applies a patch of ${FUNCTIONS} functions or takes it back`, () =>
  withWorkshop(async (workshop) => {
    const { patch, running, first } = await setUp(workshop);
    const read = await readPatchFile(patch);
    assert.ok(read.ok);
    const { digest, payload } = read.value;
    let undone = 0;
    let killed = 0;
    for (let round = 0; round < rounds; round++) {
      const present = statusOf(running);
      const applied = present?.status === "applied";
      const args = applied
        ? ["undo", `${running.pid}`, "5000", `${present.start}`]
        : ["fix", `${running.pid}`, "5000", digest, "test", "0"];
      const command = spawn(helper, args, { stdio: ["pipe", "ignore", "inherit"] });
      const ended = new Promise<string | null>((resolve) => command.on("close", (_, signal) => resolve(signal)));
      command.stdin.on("error", () => {}); // it may be dead before it has read all
      await new Promise<void>((resolve) => command.stdin.end(applied ? undefined : payload, () => resolve()));
      const { isHeld, isBegun, close } = moments(running.pid, first);
      const deadline = performance.now() + 1000;
      const isTime = [isBegun, isHeld, () => true][round % 3] as () => boolean;
      while (!isTime() && performance.now() < deadline);
      wait(([0, 6, 40][round % 3] as number) * (round / rounds));
      close();
      command.kill("SIGKILL");
      if ((await ended) === "SIGKILL") killed++;
      await running.waitForNewLine((line) => isOld(line) || isNew(line));
      if (applied && !isApplied(running)) undone++;
    }
    console.log(`\n${killed} of ${rounds} killed before their end; ${undone} times the patch was taken back`);
    assert.ok(killed > 0);
    if (!isApplied(running)) fix(running, patch);
    await running.waitForNewLine(isNew);
    undo(running);
    await running.waitForNewLine(isOld);
  }));

test("hotreload fix, killed at any moment, while its helper ends what it has begun", () =>
  withWorkshop(async (workshop) => {
    const { patch, running } = await setUp(workshop);
    for (let delay = 60; delay <= 400; delay += 85) {
      const command = spawn(process.execPath, [cli, "fix", `${running.pid}`, patch], {
        stdio: "ignore",
        detached: true,
      });
      const ended = new Promise((resolve) => command.on("close", resolve));
      await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, delay))]);
      command.kill("SIGKILL");
      await ended;
      await running.waitForNewLine((line) => isOld(line) || isNew(line));
    }
    // Whatever was begun: it can be brought to the new code, and back. A helper may still be at it.
    const answer = hotreload("fix", `${running.pid}`, patch);
    assert.ok(answer.code === 0 || answer.lines[0]?.code === "E_APPLIED" || answer.lines[0]?.code === "E_TRACED");
    await running.waitForNewLine(isNew);
    undo(running);
    await running.waitForNewLine(isOld);
  }));

test.run();
