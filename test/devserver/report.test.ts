// What a person and a script get to read of each report.

import assert from "node:assert/strict";
import pc from "picocolors";
import { suite } from "uvu";
import { LastPatches } from "../../devserver/last_patch.js";
import type { Report } from "../../devserver/report.js";
import { jsonReporter } from "../../devserver/report_json.js";
import { terminalReporter, terminalText } from "../../devserver/report_terminal.js";
import { patch } from "./scripted_patcher.js";

const test = suite("report");

const hot: Extract<Report, { type: "hot" }> = {
  type: "hot",
  files: ["/p/src/orbit.cpp"],
  functions: ["step", "draw", "Body::kick"],
  added: [],
  variables: [],
  ms: { total: 412.3, build: 398.1, diff: 0.2, link: 8.4, bind: 2.4567891, apply: 1.1 },
  patch: 3,
  pid: 17,
  stillRunning: [],
  notes: [],
  warnings: "",
};

function text(report: Report, colors = false): string {
  return terminalText(report, { projectDir: "/p", colors: pc.createColors(colors) });
}

test("a hot save is one line", () => {
  assert.equal(
    text(hot),
    "hot  src/orbit.cpp  3 functions (step, draw, Body::kick)  412 ms (build 398, link 8, bind 2, apply 1)",
  );
});

test("threads that may still run old code are named, one a line", () => {
  const stillRunning = [
    { function: "step", thread: 3, threadName: "worker" },
    { function: "loop", thread: 3, threadName: "worker" },
    { function: "main", thread: 17, threadName: "orbit" },
  ];
  const lines = text({ ...hot, stillRunning }).split("\n");
  assert.deepEqual(lines.slice(1), [
    "     step(), loop() may still run their old code in thread 3 (worker) until it returns",
    "     main() may still run its old code in thread 17 (orbit) until it returns",
  ]);
});

test("a function that was optimised with what others did before is named with them, once", () => {
  const stillRunning = [
    { function: "loop", thread: 3, threadName: "worker", reliesOn: ["step", "kick"] },
    { function: "loop", thread: 4, threadName: "worker", reliesOn: ["step", "kick"] },
  ];
  const lines = text({ ...hot, stillRunning }).split("\n");
  assert.equal(lines.length, 4);
  assert.match(lines[3] ?? "", /^ {5}loop\(\) was optimised with the step\(\), kick\(\) of before: /);
});

test("long lists are cut, and say how much is missing", () => {
  const functions = Array.from({ length: 9 }, (_, index) => `f${index}`);
  const files = ["/p/a.h", "/p/b.h", "/p/c.h", "/p/d.h", "/q/e.h"];
  assert.match(
    text({ ...hot, functions, files }),
    /^hot {2}a\.h, b\.h, c\.h, \+2 {2}9 functions \(f0, f1, f2, f3, f4, f5, \+3\)/,
  );
});

test("new functions, variables and notes are told, the notes below", () => {
  const more = { ...hot, functions: ["step"], added: ["kick"], variables: ["count"], notes: ["count keeps its value"] };
  assert.match(
    text(more),
    /1 function \(step\), 1 new function \(kick\), 1 variable \(count\) {2}412 ms .*\n {5}count keeps its value$/,
  );
  assert.match(text({ ...hot, functions: [], variables: [] }), /orbit\.cpp {2}data {2}412 ms/);
});

test("the compiler's text is shown as it is, errors and warnings alike", () => {
  const output = "a.c:1: error: \x1b[31mno\x1b[m\n  at all\n";
  assert.equal(
    text({ type: "buildFailed", files: ["/p/a.c"], output, diagnostics: [] }),
    `build failed  a.c\n${output}`,
  );
  assert.ok(text({ ...hot, warnings: "a.c:1: warning: hm\n" }).endsWith("apply 1)\na.c:1: warning: hm"));
});

test("the status of a process is one line, with its last patches below", () => {
  const status = {
    type: "status",
    pid: 17,
    parentPid: 1,
    name: "worker 3",
    executable: "/p/build/orbit",
    started: "2026-11-24T10:12:03.123Z",
    threads: 1,
    patches: [{ patch: 1, standing: "undone", functions: ["step", "draw"] }],
  } as const;
  assert.equal(
    text({ ...status, state: "current" }),
    "process 17  worker 3  build/orbit  since 2026-11-24 10:12:03 UTC  1 thread  up to date\n" +
      "     patch 1 undone  step, draw",
  );
  const patches = Array.from({ length: 7 }, (_, index) => ({
    patch: index,
    standing: "standing" as const,
    functions: [],
  }));
  const lines = text({ ...status, name: "", threads: 8, patches, state: "behind", why: "a\x1bb" }).split("\n");
  assert.match(lines[0] ?? "", /^process 17 {2}build.*8 threads {2}behind: a\?b$/);
  assert.deepEqual(lines.slice(1, 3), ["     2 older patches", "     patch 2  data"]);
});

test("every reason for a restart has its place", () => {
  const report: Report = {
    type: "restartNeeded",
    files: ["/p/body.h"],
    pid: 17,
    reasons: [
      { code: "E_LAYOUT", message: "Body grew from 8 to 16 bytes", file: "/p/body.h", line: 7, detail: "8 -> 16" },
      { code: "E_VTABLE", message: "Body::kick moved", file: "/elsewhere/x.h" },
    ],
    action: "ignore",
  };
  assert.equal(
    text(report),
    [
      "restart needed  body.h",
      "     body.h:7: Body grew from 8 to 16 bytes [E_LAYOUT]",
      "     8 -> 16",
      "     /elsewhere/x.h: Body::kick moved [E_VTABLE]",
    ].join("\n"),
  );
  assert.match(text({ ...report, files: [] }), /^restart needed {2}process 17\n/);
  assert.match(text({ ...report, action: "ask" }), /E_VTABLE\]\n {5}press r to restart it; /);
});

test("the other reports are one line each", () => {
  const lines: [Report, string][] = [
    [{ type: "unchanged", files: ["/p/a.c"], warnings: "" }, "same  a.c  nothing to do"],
    [{ type: "restarting", pid: 7, why: "a.c: x" }, "restart  process 7 is started again: a.c: x"],
    [{ type: "state", pid: 7, key: "k", size: 8, left: 8, kept: true }, "state k of 8 bytes is handed over"],
    [
      { type: "state", pid: 7, key: "k", size: 8, left: 4, kept: false },
      "state  k begins anew: it had 4 bytes, and has 8 now",
    ],
    [{ type: "ready", buildMs: 12.6, readyMs: 3.2, pid: 7 }, "ready  built in 13 ms, process 7 connected in 3 ms"],
    [
      { type: "ready", buildMs: 12.6, readyMs: 0 },
      "ready  built in 13 ms; start the program, and it connects by itself",
    ],
    [{ type: "process", pid: 7, state: "exited", code: 3 }, "process 7 exited with code 3"],
    [{ type: "process", pid: 7, state: "exited", signal: "SIGSEGV" }, "process 7 exited by SIGSEGV"],
    [{ type: "error", code: "E_PEER", message: "no" }, "error  no [E_PEER]"],
    [
      {
        type: "error",
        code: "E_CONFIGURE",
        message: "failed",
        file: "/p/CMakeLists.txt",
        line: 3,
        detail: "CMake Error",
      },
      "error  CMakeLists.txt:3: failed [E_CONFIGURE]\nCMake Error",
    ],
  ];
  for (const [report, line] of lines) assert.equal(text(report), line);
});

test("a file's name cannot reach the terminal's controls", () => {
  assert.match(text({ type: "unchanged", files: ["/p/a\x1b[2J\n.c"], warnings: "" }), /^same {2}a\?\[2J\?\.c /);
});

test("colours are there only when asked for", () => {
  assert.ok(text(hot, true).startsWith("\x1b[32mhot\x1b[39m"));
  assert.ok(!text(hot).includes("\x1b"));
});

test("progress takes one line that comes and goes, and none where it cannot", () => {
  const step: Report = { type: "progress", stage: "build", text: "Building a.c.o", done: 1, total: 2 };
  for (const interactive of [true, false]) {
    let written = "";
    const write = (part: string): void => {
      written += part;
    };
    const report = terminalReporter({ projectDir: "/p", colors: pc.createColors(false), interactive, write });
    report(step);
    report({ type: "ready", buildMs: 1, readyMs: 1, pid: 7 });
    const line = "ready  built in 1 ms, process 7 connected in 1 ms\n";
    assert.equal(written, interactive ? `\r\x1b[K[1/2] Building a.c.o\r\x1b[K${line}` : line);
  }
});

test("a script gets one object a line, with the documented fields and three decimals", () => {
  const lines: string[] = [];
  const report = jsonReporter((line) => lines.push(line));
  report(hot);
  report({ type: "output", pid: 17, stream: "stdout", text: "two\nlines\n" });
  report({ type: "unchanged", files: [], warnings: "" });
  assert.ok(lines.every((line) => line.indexOf("\n") === line.length - 1));
  const [first, second] = lines.map((line) => JSON.parse(line));
  assert.deepEqual(first.ms, { total: 412.3, build: 398.1, diff: 0.2, link: 8.4, bind: 2.457, apply: 1.1 });
  for (const field of ["type", "files", "functions", "variables", "patch", "notes", "pid"] as const) {
    assert.deepEqual(first[field], hot[field]);
  }
  assert.deepEqual(second, { type: "output", pid: 17, stream: "stdout", text: "two\nlines\n" });
});

test("a crash is reported with the last patch that stands; an end from outside is not", () => {
  const seen: Report[] = [];
  const { report, sending } = new LastPatches((each) => void seen.push(each));
  const hot = (pid: number, patch: number, functions: string[]): Report => ({
    ...{
      type: "hot",
      files: [],
      functions,
      added: [],
      variables: [],
      patch,
      pid,
      stillRunning: [],
      notes: [],
      warnings: "",
    },
    ms: { total: 1, build: 1, diff: 1, link: 1, bind: 1, apply: 1 },
  });
  const exited = (pid: number, signal: string): Report => ({ type: "process", pid, state: "exited", signal });
  const last = () => {
    const each = seen.at(-1);
    assert.ok(each?.type === "process");
    return each.lastPatch;
  };
  report(hot(1, 1, ["f"]));
  report(hot(1, 2, ["g"]));
  report(hot(2, 9, ["h"]));
  report({ type: "undone", patch: 2, pid: 1, functions: ["g"], us: 1, notes: [] });
  report(exited(1, "SIGSEGV"));
  assert.deepEqual([last()?.patch, last()?.functions], [1, ["f"]]);
  const text = terminalText(seen.at(-1) as Report, { projectDir: "/", colors: pc.createColors(false) });
  assert.match(text, /^process 1 exited by SIGSEGV\n {5}its last patch was 1 \(f\), \d+\.\d s before/);
  const crash = { signal: "SIGSEGV", function: "h", file: "/a.c", line: 7, patch: 9, inside: "memcpy" };
  report({ type: "process", pid: 2, state: "exited", signal: "SIGSEGV", crash, offers: ["restart", "undo"] });
  const told = terminalText(seen.at(-1) as Report, { projectDir: "/", colors: pc.createColors(false) });
  assert.deepEqual(told.replace(/\d+\.\d s/, "N s").split("\n"), [
    "process 2 exited by SIGSEGV",
    "     at a.c:7 in h, code of patch 9, which had called memcpy",
    "     its last patch was 9 (h), N s before",
    "     a save or r starts it again with what is saved",
    "     z starts it again as it was linked, without its patches",
  ]);
  report(hot(2, 9, ["h"]));
  report(exited(2, "SIGTERM"));
  assert.equal(last(), undefined);
  report(exited(1, "SIGSEGV"));
  assert.equal(last(), undefined, "another process with this id");
  report(hot(3, 1, ["f"]));
  sending(3, patch({ number: 2, functions: ["k"], addedFunctions: ["l"] }));
  report(exited(3, "SIGABRT"));
  assert.deepEqual([last()?.patch, last()?.functions], [2, ["k", "l"]], "it crashed before it could answer");
});

test.run();
