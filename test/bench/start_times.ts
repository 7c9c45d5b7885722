// What the agent adds to the start of a program that ends at once, beside the same program without us.

import path from "node:path";
import { Changes } from "../e2e/changes.js";
import { DevServer } from "../e2e/dev_server.js";
import { ProcessMark } from "../e2e/leftover_processes.js";
import { type Files, Workspace } from "../e2e/workspace.js";
import { DEFINE } from "./bench_program.js";
import { buildPlain, runToEnd } from "./plain_build.js";
import type { Summary } from "./statistics.js";

export interface StartTimes {
  /** Microseconds from posix_spawn to the end of the process; a dev server is connected to while it lives. */
  readonly plain: Summary;
  readonly prepared: Summary;
}

const files: Files = {
  "CMakeLists.txt": `cmake_minimum_required(VERSION 3.16)
project(starts C)
add_executable(brief brief.c)
add_executable(starter starter.c)
`,
  "brief.c": "int main(void) { return 0; }\n",
  "starter.c": `#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>

extern char **environ;

static double once(char *path) {
  struct timespec start, end;
  char *arguments[] = {path, NULL};
  pid_t child;
  int status;
  clock_gettime(CLOCK_MONOTONIC, &start);
  if (posix_spawn(&child, path, NULL, NULL, arguments, environ) != 0) abort();
  if (waitpid(child, &status, 0) != child || status != 0) abort();
  clock_gettime(CLOCK_MONOTONIC, &end);
  return (double)(end.tv_sec - start.tv_sec) * 1e6 + (double)(end.tv_nsec - start.tv_nsec) / 1e3;
}

static int compare(const void *left, const void *right) {
  double difference = *(const double *)left - *(const double *)right;
  return (difference > 0) - (difference < 0);
}

int main(int count, char **arguments) {
  enum { MOST = 10000 };
  static double times[2][MOST];
  int starts = atoi(arguments[1]);
  if (count != 4 || starts < 1 || starts > MOST) return 1;
  for (int i = 0; i < starts; i++)
    for (int which = 0; which < 2; which++) times[which][i] = once(arguments[2 + which]);
  for (int which = 0; which < 2; which++) {
    qsort(times[which], (size_t)starts, sizeof times[which][0], compare);
    printf("%f %f %f\\n", times[which][starts / 2], times[which][0], times[which][starts - 1]);
  }
}
`,
};

export async function measureStarts(starts: number): Promise<StartTimes> {
  const workspace = new Workspace(files);
  const mark = new ProcessMark();
  try {
    const plain = path.join(workspace.root, "plain");
    buildPlain(workspace, plain);
    const build = path.join(workspace.root, "build");
    const options = { directory: workspace.directory, build, define: DEFINE, run: false, logs: workspace.root };
    const server = new DevServer({ ...options, environment: mark.environment() }, new Changes(), () => {});
    await server.ready();
    const brief = [path.join(plain, "brief"), path.join(build, "brief")];
    const lines = runToEnd(path.join(plain, "starter"), [String(starts), ...brief])
      .trim()
      .split("\n");
    const [without, prepared] = lines.map((line): Summary => {
      const [median = 0, minimum = 0, maximum = 0] = line.split(" ").map(Number);
      return { median, minimum, maximum };
    });
    await server.end("quit");
    if (without === undefined || prepared === undefined) throw new Error(lines.join());
    return { plain: without, prepared };
  } finally {
    mark.killAll();
    workspace.dispose();
  }
}
