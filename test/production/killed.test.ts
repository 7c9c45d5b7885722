// SIGKILL at any moment: the process runs the old or the new code, never some of both, and can be patched again.
//
// The helper is killed before or after a call by which it does something to the process, whatever the time is: a library in
// it counts them. HOTRELOAD_KILL_ROUNDS says how often (30).
import { spawn, spawnSync } from "node:child_process";
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
  for (;;) { printf("sum %d\\n", sum()); fflush(stdout); usleep(1000); }
}
`;
const isOld = (line: string): boolean => line === `sum ${FUNCTIONS}`;
const isNew = (line: string): boolean => line === `sum ${2 * FUNCTIONS}`;

/** Ends its process at call KILL_AT of those that change another process; KILL_AFTER: behind it. */
const killer = `
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>
static long calls;
static void end_at(long call, const char *when) {
  const char *at = getenv("KILL_AT");
  if (at && getenv(when) && atol(at) == call) kill(getpid(), SIGKILL);
}
long ptrace(int request, ...) {
  va_list list;
  va_start(list, request);
  void *a = va_arg(list, void *), *b = va_arg(list, void *), *c = va_arg(list, void *);
  va_end(list);
  long (*real)(int, ...) = (long (*)(int, ...))dlsym(RTLD_NEXT, "ptrace");
  long call = ++calls;
  end_at(call, "KILL_BEFORE");
  long result = real(request, a, b, c);
  end_at(call, "KILL_AFTER");
  return result;
}
ssize_t pwrite(int file, const void *bytes, size_t size, off_t place) {
  ssize_t (*real)(int, const void *, size_t, off_t) = (ssize_t (*)(int, const void *, size_t, off_t))dlsym(RTLD_NEXT, "pwrite");
  long call = ++calls;
  end_at(call, "KILL_BEFORE");
  ssize_t result = real(file, bytes, size, place);
  end_at(call, "KILL_AFTER");
  return result;
}
__attribute__((destructor)) static void report(void) { fprintf(stderr, "%ld", calls); }
`;

async function setUp(workshop: Workshop) {
  workshop.write("program.c", program);
  workshop.write("fix.c", functions(2));
  workshop.compile("gcc", "program", "-O1", "-pthread", "program.c");
  const patch = workshop.gen("program", "fix.hrp", workshop.object("gcc", "fix.o", "-O1", "fix.c"));
  const start = async () => {
    const running = workshop.start("program");
    await running.waitForLine(isOld);
    return running;
  };
  return { patch, start };
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

/** Of the helper, at a 64-bit and at a 32-bit program. */
const killHelper = (rounds: number, ...flags: readonly string[]) =>
  withWorkshop(
    async (workshop) => {
      const { patch, start } = await setUp(workshop);
      workshop.write("killer.c", killer);
      const preload = workshop.compile("gcc", "killer.so", "-m64", "-shared", "-fPIC", "killer.c");
      const read = await readPatchFile(patch);
      assert.ok(read.ok);
      const { digest, payload } = read.value;
      /** What the next step is: the patch is loaded and applied, applied again, or taken back. */
      const kindOf = (present: ReturnType<typeof statusOf>) =>
        present === undefined ? "load" : present.status === "applied" ? "undo" : "fix";
      const step = (running: RunningProgram, env: NodeJS.ProcessEnv) => {
        const present = statusOf(running);
        const kind = kindOf(present);
        const [args, input] =
          kind === "undo"
            ? [["undo", `${running.pid}`, "60000", `${present?.start}`]]
            : [["fix", `${running.pid}`, "60000", digest, "test", "0"], payload];
        const { signal, stderr } = spawnSync(helper, args, {
          env: { LD_PRELOAD: preload, ...env },
          encoding: "utf8",
          ...(input === undefined ? {} : { input }),
        });
        return { kind, signal, calls: Number(stderr) };
      };
      const measured = await start();
      const calls = new Map<string, number>();
      for (let i = 0; i < 3; i++) {
        const { kind, calls: made } = step(measured, {});
        calls.set(kind, made);
      }
      await measured.stop("SIGKILL");
      assert.equal([...calls.keys()], ["load", "undo", "fix"]);

      const running = await start();
      const turns = new Map<string, number>();
      const killed = new Map<string, number>();
      const endings = new Map<string, number>();
      const count = (map: Map<string, number>, key: string) => map.set(key, (map.get(key) ?? 0) + 1);
      for (let round = 0; round < rounds; round++) {
        const next = kindOf(statusOf(running));
        const most = calls.get(next) ?? 0;
        const at = 1 + (Math.floor(((turns.get(next) ?? 0) * 3 * most) / rounds) % most);
        const { kind, signal } = step(running, {
          KILL_AT: `${at}`,
          [round % 2 === 0 ? "KILL_BEFORE" : "KILL_AFTER"]: "1",
        });
        count(turns, kind);
        if (signal === "SIGKILL") count(killed, kind);
        const line = await running.waitForNewLine((one) => isOld(one) || isNew(one));
        count(endings, isNew(line) ? "new" : "old");
      }
      const total = [...killed.values()].reduce((sum, one) => sum + one, 0);
      const listed = (map: Map<string, number>) => [...map].map(([key, value]) => `${key} ${value}`).join(", ");
      console.log(
        `\n${total} of ${rounds} killed (${listed(killed)}) in runs of ${listed(calls)} calls; ${listed(endings)}`,
      );
      assert.ok(total > 0.8 * rounds, "too few kills came while the helper was at work");
      if (!isApplied(running)) fix(running, patch);
      await running.waitForNewLine(isNew);
      undo(running);
      await running.waitForNewLine(isOld);
    },
    ...flags,
  );

const task = `applies a patch of ${FUNCTIONS} functions or takes it back`;

test(`the helper, killed ${rounds} times while it ${task}`, () => killHelper(rounds));

test(`the helper, killed ${rounds} times while it ${task}, in a 32-bit program`, () => killHelper(rounds, "-m32"));

test("hotreload fix, killed at any moment, while its helper ends what it has begun", () =>
  withWorkshop(async (workshop) => {
    const { patch, start } = await setUp(workshop);
    const running = await start();
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
