// What a call of a function costs after it was reloaded 0, 1 and many times, measured inside the program.

import type { Files } from "../e2e/workspace.js";
import { BenchProgram } from "./bench_program.js";

export interface CallCost {
  readonly reloads: number;
  /** Nanoseconds a call: the best of some runs. */
  readonly ns: number;
}

const files: Files = {
  "CMakeLists.txt": `cmake_minimum_required(VERSION 3.16)
project(calls C)
set(CMAKE_C_FLAGS "-O2")
add_executable(calls main.c called.c)
`,
  "called.c": "int called(int x) { return x + 0; }\n",
  "main.c": `#include <stdio.h>
#include <time.h>
#include <unistd.h>

int called(int x);

enum { CALLS = 5000000, RUNS = 9 };

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double nanoseconds_a_call(void) {
  double best = 1e9;
  for (int run = 0; run < RUNS; run++) {
    int x = 0;
    const double start = seconds();
    for (int i = 0; i < CALLS; i++) x = called(x);
    const double each = (seconds() - start) / CALLS * 1e9;
    if (each < best) best = each;
  }
  return best;
}

int main(void) {
  alarm(7200);
  for (int last = -1;;) {
    const int now = called(0);
    if (now != last) {
      printf("version %d costs %.3f\\n", now, nanoseconds_a_call());
      fflush(stdout);
      last = now;
    }
    usleep(200);
  }
}
`,
};

/** @param counts numbers of reloads, rising, from 0 on */
export async function measureCalls(counts: readonly number[]): Promise<readonly CallCost[]> {
  const program = await BenchProgram.start(files, "calls");
  try {
    const costs: CallCost[] = [];
    for (let reloads = 0; reloads <= Math.max(...counts); reloads++) {
      if (reloads > 0) {
        program.workspace.edit("called.c", `return x + ${reloads - 1};`, `return x + ${reloads};`);
        await program.hot();
      }
      const [, ns] = await program.matching(new RegExp(`^version ${reloads} costs (\\S+)$`));
      if (counts.includes(reloads)) costs.push({ reloads, ns: Number(ns) });
    }
    return costs;
  } finally {
    await program.quit();
  }
}
