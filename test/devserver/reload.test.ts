// The loop, from a saved file to its verdict: real CMake, ninja, files and sockets.

import assert from "node:assert/strict";
import { readFileSync, utimesSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { suite } from "uvu";
import type { ServerMessage } from "../../devserver/protocol.js";
import { success } from "../../plugin/errors.js";
import { until } from "./inbox.js";
import { ReloadSetup } from "./reload_setup.js";
import { obedient, ScriptedAgent } from "./scripted_agent.js";

const test = suite("reload");
let setup: ReloadSetup;
let agent: ScriptedAgent;
/** How the process answers; a test may replace it. */
let answer: (message: ServerMessage) => ReturnType<typeof obedient> | undefined = obedient;

test.before(async () => {
  setup = await ReloadSetup.start();
  agent = await ScriptedAgent.start(setup.socket, {}, (message) => answer(message));
  await agent.received.next("reservation near its module", (message) => message.type === "reserve");
  await until("the process to be known", () => setup.patcher.calls.includes("update 1"));
});

test.before.each(() => {
  setup.patcher.taken();
  setup.program.calls.length = 0;
  answer = obedient;
});

test.after(() => setup.end());

function edit(name: string, from: string | RegExp, to: string): string {
  const file = setup.scratch.file(name);
  const text = readFileSync(file, "utf8");
  assert.notEqual(text.replace(from, to), text);
  return setup.scratch.write(name, text.replace(from, to));
}

test("a save goes its way: aside, built, surveyed, patched, applied, committed, reported", async () => {
  setup.patcher.hot({ number: 7, functions: ["a"], variables: ["n"], notes: ["a note"] });
  const file = edit("a.c", "return 1", "return 10");
  const hot = await setup.verdict("hot");
  assert.deepEqual([hot.files, hot.functions, hot.variables, hot.notes], [[file], ["a"], ["n"], ["a note"]]);
  assert.deepEqual([hot.patch, hot.pid], [7, process.pid]);
  assert.deepEqual([hot.ms.diff, hot.ms.link, hot.ms.bind], [1, 2, 3]);
  assert.ok(hot.ms.build > 0 && hot.ms.apply > 0 && hot.ms.total > hot.ms.build + hot.ms.apply);
  assert.deepEqual(setup.patcher.taken(), ["beforeBuild a.c.o", "afterBuild", "update 1", "commit 7"]);
  assert.deepEqual(
    agent.received.rest.map((message) => message.type),
    ["survey", "apply"],
  );
});

test("a header's edit builds what includes it, in one go", async () => {
  setup.patcher.hot();
  edit("shared.h", "int b(void);", "int b(void); int c(void);");
  await setup.verdict("hot");
  assert.equal(setup.patcher.taken()[0], "beforeBuild main.c.o a.c.o b.c.o");
});

test("an edit that changes no code is nothing to do", async () => {
  const file = edit("a.c", "return 10; }", "return 10; } // ten");
  assert.deepEqual((await setup.verdict("unchanged")).files, [file]);
});

test("a touch is nothing to do, and builds nothing", async () => {
  const file = setup.scratch.file("a.c");
  await delay(60); // later than what one save may take
  utimesSync(file, new Date(), new Date());
  assert.deepEqual((await setup.verdict("unchanged")).files, [file]);
  assert.deepEqual(setup.patcher.taken(), []);
});

test("a build that fails shows the compiler's words, and the next good save of any file includes it", async () => {
  const a = edit("a.c", "return 10", "return ten");
  const failed = await setup.verdict("buildFailed");
  assert.match(failed.output, /^\S*a\.c: In function .*‘?'?ten.* undeclared/s);
  assert.ok(!/FAILED|ninja|\[\d/.test(failed.output), failed.output);
  const [error] = failed.diagnostics.filter(({ severity }) => severity === "error");
  assert.deepEqual([error?.file, error?.line, error?.column], [a, 2, 22]);
  assert.match(error?.message ?? "", /ten.* undeclared/);
  assert.deepEqual(setup.patcher.taken(), ["beforeBuild a.c.o", "afterBuild"]);

  const b = edit("b.c", "return 2", "return 20");
  assert.deepEqual((await setup.verdict("buildFailed")).files, [a, b]);

  setup.patcher.hot();
  edit("a.c", "return ten", "return 11");
  assert.deepEqual((await setup.verdict("hot")).files, [a, b]);
  // What the failed build had done of its work is not done again.
  assert.equal(setup.patcher.taken().at(-4), "beforeBuild a.c.o");
});

test("saving a file again without a change tries a failed build again", async () => {
  edit("a.c", "return 11", "return eleven");
  await setup.verdict("buildFailed");
  await delay(60); // later than what one save may take
  utimesSync(setup.scratch.file("a.c"), new Date(), new Date());
  await setup.verdict("buildFailed");
  edit("a.c", "return eleven", "return 11");
  await setup.verdict("unchanged");
});

test("a header that a failed build missed is noticed when it appears", async () => {
  edit("a.c", '#include "shared.h"', '#include "shared.h"\n#include "later.h"');
  assert.match((await setup.verdict("buildFailed")).output, /later\.h/);
  setup.patcher.hot();
  const header = setup.scratch.write("later.h", "#define LATER 1\n");
  await setup.verdict("hot");
  // From then on it is one of the project's files.
  setup.patcher.hot();
  setup.scratch.write("later.h", "#define LATER 2\n");
  assert.deepEqual((await setup.verdict("hot")).files, [header]);
});

test("a save of the file that is being compiled supersedes the build, and nothing is lost", async () => {
  const compiler = setup.holdCompiler();
  setup.patcher.hot();
  edit("a.c", "return 11", "return 12");
  await compiler.isHeld();
  const a = edit("a.c", "return 12", "return 13");
  const b = edit("b.c", "return 20", "return 21");
  await until("the build to be given up", () => setup.patcher.calls.includes("afterBuild"));
  compiler.letGo();
  assert.deepEqual((await setup.verdict("hot")).files.toSorted(), [a, b]);
  assert.deepEqual(
    setup.patcher.taken().filter((call) => call.startsWith("beforeBuild")),
    ["beforeBuild a.c.o", "beforeBuild a.c.o b.c.o"],
  );
});

test("a save of another file lets the build go on, and has its own", async () => {
  const compiler = setup.holdCompiler();
  setup.patcher.hot({ number: 1 });
  setup.patcher.hot({ number: 2 });
  const a = edit("a.c", "return 13", "return 14");
  await compiler.isHeld();
  const b = edit("b.c", "return 21", "return 22");
  compiler.letGo();
  assert.deepEqual((await setup.verdict("hot")).files, [a]);
  assert.deepEqual((await setup.verdict("hot")).files, [b]);
  assert.deepEqual(
    setup.patcher.taken().filter((call) => call.startsWith("beforeBuild")),
    ["beforeBuild a.c.o", "beforeBuild b.c.o"],
  );
});

test("twenty saves in a row end with the last text", async () => {
  edit("a.c", "int a(void)", 'const char *mark = "value-0";\nint a(void)');
  for (let value = 1; value <= 20; value++) {
    await delay(value % 7); // a hasty typist
    edit("a.c", /value-\d+/, `value-${value}`);
  }
  const last = edit("b.c", /return \d+/, "return 220");
  await setup.reports.next("verdict", (report) => report.type === "unchanged" && report.files.includes(last));
  assert.ok(readFileSync(setup.scratch.file("build/CMakeFiles/app.dir/a.c.o")).includes("value-20\0"));
});

test("what needs a restart is told with its reasons, and the process is left alone", async () => {
  const reasons = [{ code: "E_LAYOUT", message: "Body grew", file: "/p/body.h", line: 7 }] as const;
  setup.patcher.updates.push({ kind: "restartNeeded", reasons });
  const file = edit("b.c", /return \d+/, "return 22");
  const verdict = await setup.verdict("restartNeeded");
  assert.equal(verdict.action, "ask");
  assert.deepEqual(
    setup.reload.status().map((report) => report.type === "status" && report.state),
    ["behind"],
  );
  assert.deepEqual([verdict.reasons, verdict.files], [reasons, [file]]);
  assert.deepEqual(
    agent.received.all.slice(-1).map((message) => message.type),
    ["survey"],
  );
});

test("a refusal is told with the agent's code, and the next save tries again", async () => {
  answer = (message) =>
    message.type === "apply"
      ? { type: "refused", id: message.id, code: "E_AGENT_LOAD", message: "it is damaged" }
      : obedient(message);
  setup.patcher.hot();
  edit("b.c", /return \d+/, "return 23");
  const error = await setup.verdict("error");
  assert.equal(error.code, "E_AGENT_LOAD");
  assert.match(error.message, /goes on as it was: it is damaged/);
  assert.ok(!setup.patcher.taken().some((call) => call.startsWith("commit")));
  answer = obedient;
  setup.patcher.hot();
  edit("b.c", /return \d+/, "return 24");
  await setup.verdict("hot");
});

test("a patch whose place was taken is made for the one behind it, then for another range, and no fourth time", async () => {
  for (const [refusals, verdict] of [
    [2, "hot"],
    [3, "error"],
  ] as const) {
    let refused = 0;
    answer = (message) =>
      message.type === "apply" && refused++ < refusals
        ? { type: "refused", id: message.id, code: "E_AGENT_MOVED", message: "it landed elsewhere" }
        : obedient(message);
    const known = agent.received.all.length;
    for (let time = 0; time < 3; time++) setup.patcher.hot();
    edit("b.c", /return \d+/, `return ${240 + refusals}`);
    await setup.verdict(verdict);
    const types = agent.received.all.slice(known).map(({ type }) => type);
    assert.deepEqual(types, ["survey", "apply", "apply", "reserve", "apply"]);
  }
  answer = obedient;
  setup.patcher.hot();
  edit("b.c", /return \d+/, "return 24");
  await setup.verdict("hot");
});

test("a full disk is told with its code, and the next save tries again", async () => {
  setup.patcher.updates.push({ kind: "failed", problem: { code: "E_DISK", message: "no space left on device" } });
  edit("b.c", /return \d+/, "return 26");
  assert.equal((await setup.verdict("error")).code, "E_DISK");
  setup.patcher.hot();
  edit("b.c", /return \d+/, "return 24");
  await setup.verdict("hot");
});

test("a process that does not answer is reported, builds go on, and it catches up when it answers", async () => {
  const unanswered: ServerMessage[] = [];
  answer = (message) => {
    unanswered.push(message);
    return undefined;
  };
  const b = edit("b.c", /return \d+/, "return 25");
  const error = await setup.verdict("error");
  assert.equal(error.code, "E_AGENT");
  const a = edit("a.c", /return \d+/, "return 26");
  await setup.reports.next(
    "word of the build",
    (report) => report.type === "progress" && /not answer/.test(report.text),
  );
  answer = obedient;
  setup.patcher.hot();
  for (const message of unanswered) agent.send(obedient(message));
  assert.deepEqual((await setup.verdict("hot")).files.toSorted(), [a, b]);
});

test("a process that connects later is brought up to date", async () => {
  setup.patcher.hot({ number: 9 });
  const late = await ScriptedAgent.start(setup.socket, { pid: 4_000_000, startTime: 1 });
  const hot = await setup.verdict("hot");
  assert.deepEqual([hot.files, hot.pid, hot.patch], [[], 4_000_000, 9]);
  assert.deepEqual(
    late.received.all.map((message) => message.type),
    ["survey", "reserve", "apply"],
  );
  late.close();
  setup.patcher.taken();
  await late.closed;
  edit("b.c", /return \d+/, "return 27");
  await setup.verdict("unchanged");
  assert.equal(setup.patcher.taken()[0], "forget 4000000");
});

test("an edit of CMakeLists.txt runs CMake, and what it changed is built", async () => {
  setup.patcher.hot();
  const file = edit(
    "CMakeLists.txt",
    "main.c a.c b.c)",
    "main.c a.c b.c new.c)\ntarget_compile_definitions(app PRIVATE X=1)",
  );
  setup.scratch.write("new.c", "int n;\n");
  assert.ok((await setup.verdict("hot")).files.includes(file));
  assert.deepEqual(setup.patcher.taken().slice(0, 2), ["setGraph", "beforeBuild main.c.o a.c.o b.c.o new.c.o"]);
  setup.patcher.hot();
  const added = edit("new.c", "int n;", "int n = 1;");
  assert.deepEqual((await setup.verdict("hot")).files, [added]);
});

test("a header that CMake writes is built after CMake wrote it", async () => {
  setup.patcher.hot();
  edit("config.h.in", "CONFIGURED 1", "CONFIGURED 2");
  await setup.verdict("hot");
  assert.deepEqual(setup.patcher.taken().slice(0, 2), ["setGraph", "beforeBuild main.c.o"]);
});

test("a broken CMakeLists.txt is told in CMake's words, and the old graph stays until it is mended", async () => {
  edit("CMakeLists.txt", "add_executable", "no_such_command()\nadd_executable");
  const error = await setup.verdict("error");
  assert.equal(error.code, "E_CONFIGURE");
  assert.match(error.detail ?? "", /CMake Error at CMakeLists\.txt:6 \(no_such_command\)/);
  // Meanwhile sources are built as CMake left them.
  setup.patcher.hot();
  const a = edit("a.c", /return \d+/, "return 30");
  assert.ok((await setup.verdict("hot")).files.includes(a));
  const lists = edit("CMakeLists.txt", "no_such_command()\n", "");
  assert.ok((await setup.verdict("unchanged")).files.includes(lists));
});

test("a full build links everything, and processes get what it brought", async () => {
  setup.patcher.taken();
  setup.reload.build();
  await setup.reports.next(
    "word of the build",
    (report) => report.type === "progress" && /full build/.test(report.text),
  );
  edit("a.c", /return \d+/, "return 31");
  await setup.verdict("unchanged");
  assert.deepEqual(setup.patcher.taken(), [
    ...["beforeBuild", "afterBuild", "afterFullBuild", "update 1"],
    ...["beforeBuild a.c.o", "afterBuild", "update 1"],
  ]);
});

test("a restart builds what was saved this very moment, then stops and starts the program", async () => {
  edit("a.c", /return \d+/, "return 32");
  setup.reload.restart();
  await setup.program.started.next("start");
  assert.equal((await setup.verdict("restarting")).why, "it was asked for");
  assert.deepEqual(setup.program.calls, ["stop", "start keeping its state"]);
  assert.deepEqual(setup.patcher.taken().slice(0, 3), ["beforeBuild a.c.o", "afterBuild", "afterFullBuild"]);
});

test("what is saved while a restart builds is in the program that it starts", async () => {
  edit("a.c", /return \d+/, "return 35");
  const compiler = setup.holdCompiler();
  setup.reload.restart();
  await compiler.isHeld();
  edit("shared.h", "int a(void);", "int  a(void);");
  compiler.letGo();
  await setup.program.started.next("start");
  await setup.verdict("restarting");
  assert.deepEqual(setup.program.calls, ["stop", "start keeping its state"]);
  assert.deepEqual(setup.patcher.taken().slice(0, 6), [
    ...["beforeBuild a.c.o", "afterBuild", "afterFullBuild"],
    ...["beforeBuild main.c.o a.c.o b.c.o", "afterBuild", "afterFullBuild"],
  ]);
});

test("a restart whose build fails leaves the program running", async () => {
  edit("a.c", /return \d+/, "return nothing");
  setup.reload.restart();
  await setup.verdict("buildFailed");
  assert.deepEqual(setup.program.calls, []);
  edit("a.c", "return nothing", "return 33");
  await setup.verdict("unchanged");
});

test("a save after the program's end builds it and starts it again", async () => {
  setup.program.running = false;
  edit("a.c", /return \d+/, "return wrong");
  await setup.verdict("buildFailed");
  edit("a.c", "return wrong", "return 34");
  await setup.program.started.next("start");
  assert.equal(setup.program.running, true);
  await until("the process that goes on to be looked at", () => setup.patcher.calls.includes("update 1"));
});

test("an undo is sent to the process and reported; the next save is compared with what it runs then", async () => {
  const { patcher } = setup;
  patcher.hot({ number: 50 });
  edit("b.c", /return \d+/, "return 500");
  await setup.verdict("hot");
  patcher.taken();
  patcher.turns.push(success({ number: 50, functions: ["b"] }));
  const [undone] = await setup.reload.turnBack("undo");
  assert.ok(undone?.type === "undone");
  assert.deepEqual([undone.patch, undone.pid, undone.functions], [50, process.pid, ["b"]]);
  assert.deepEqual(await setup.verdict("undone"), undone);
  const standings = patcher.calls.find((call) => call.startsWith("turned 50 "));
  assert.match(standings ?? "", /undone$/);
  patcher.turns.push(success({ number: 50, functions: ["b"] }));
  assert.equal((await setup.reload.turnBack("redo"))[0]?.type, "redone");
  await setup.verdict("redone");
});

test("an undo that a process refuses, does not answer or has nothing for is an error with a code", async () => {
  assert.equal((await setup.reload.turnBack("redo"))[0]?.type, "error");
  assert.equal((await setup.verdict("error")).code, "E_UNDO");
  answer = (message) => ({ type: "refused", id: message.id, code: "E_AGENT_BREAKPOINT", message: "m" });
  setup.patcher.turns.push(success({ number: 50, functions: ["b"] }));
  await setup.reload.turnBack("undo");
  assert.equal((await setup.verdict("error")).code, "E_AGENT_BREAKPOINT");
  answer = () => undefined;
  setup.patcher.turns.push(success({ number: 50, functions: ["b"] }));
  await setup.reload.turnBack("undo");
  assert.equal((await setup.verdict("error")).code, "E_AGENT");
});

test.run();
