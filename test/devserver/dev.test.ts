// The command itself: a real project, its real program, and nothing left behind however it ends.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { suite } from "uvu";
import { cmakeFolder, packageVersion } from "../../plugin/package_root.js";
import { cli, DevCommand } from "./dev_command.js";
import { until } from "./inbox.js";
import { Scratch } from "./scratch.js";

const test = suite("dev");

const LISTS = `cmake_minimum_required(VERSION 3.20)
project(ticker C)
add_executable(ticker main.c value.c)
`;
const MAIN = `#include <stdio.h>
#include <unistd.h>
int value(void);
int main(int argc, char **argv) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  for (int i = 0;; i++) { printf("%d %d %s\\n", i, value(), argc > 1 ? argv[1] : "-"); usleep(5000); }
}
`;
const VALUE = "int value(void) { return 1; }\n";

function project(files: Readonly<Record<string, string>> = {}): Scratch {
  return new Scratch({ "CMakeLists.txt": LISTS, "main.c": MAIN, "value.c": VALUE, ...files });
}

/** Waits until the program prints this value. */
async function prints(dev: DevCommand, value: string): Promise<void> {
  const line = new RegExp(`^\\d+ ${value}$`, "m");
  await dev.reports.next(
    `the program to print ${value}`,
    (report) => report.type === "output" && line.test(report.text),
  );
}

/** Ends it as a user does, and looks at what is left. */
async function end(dev: DevCommand, how: NodeJS.Signals | "quit" = "quit"): Promise<void> {
  if (how === "quit") dev.send('{"command":"quit"}');
  else dev.child.kill(how);
  assert.deepEqual(await dev.exited, { code: 0, signal: null }, dev.text);
  assert.deepEqual(dev.left(), []);
}

test("the version, the folder of the CMake module and the help are printed", () => {
  const run = (...args: string[]): string => execFileSync(process.execPath, [cli, ...args], { encoding: "utf8" });
  assert.equal(run("--version").trim(), packageVersion());
  assert.equal(run("cmake-dir").trim(), cmakeFolder());
  assert.match(run("--help"), /dev .*\n.*cmake-dir/s);
  assert.match(run("dev", "--help"), /--build.*--target.*--json.*--no-run.*--define/s);
});

test("a save becomes the running program's code; commands are obeyed; it ends with its program", async () => {
  const scratch = project();
  const dev = DevCommand.json(scratch.path, "--", "a b");
  const ready = await dev.report("ready");
  assert.ok(ready.buildMs > 0 && ready.readyMs > 0);
  await prints(dev, "1 a b");
  scratch.write("value.c", VALUE.replace("return 1", "return 2"));
  const hot = await dev.report("hot");
  assert.deepEqual([hot.files, hot.functions, hot.pid], [[scratch.file("value.c")], ["value"], ready.pid]);
  await prints(dev, "2 a b");

  dev.send('{"command":"undo"}');
  const undone = await dev.report("undone");
  assert.deepEqual([undone.patch, undone.functions, undone.pid], [hot.patch, ["value"], ready.pid]);
  await prints(dev, "1 a b");
  const listed = () => execFileSync(process.execPath, [cli, "status", scratch.path, "--json"], { encoding: "utf8" });
  const status = JSON.parse(listed());
  assert.deepEqual([status.type, status.pid, status.state, status.threads], ["status", ready.pid, "current", 2]);
  assert.deepEqual(status.patches, [{ patch: hot.patch, standing: "undone", functions: ["value"] }]);
  assert.ok(Math.abs(Date.parse(status.started) - Date.now()) < 3_600_000, status.started);
  dev.send('{"command":"redo"}');
  await dev.report("redone");
  await prints(dev, "2 a b");
  dev.send('{"command":"status"}');
  assert.equal((await dev.report("status")).patches[0]?.standing, "standing");
  dev.send('{"command":"redo"}');
  assert.equal((await dev.report("error")).code, "E_UNDO");
  dev.send('{"command":"walk"}');
  assert.equal((await dev.report("error")).code, "E_PROTOCOL");
  dev.send("no JSON");
  assert.equal((await dev.report("error")).code, "E_PROTOCOL");
  dev.send('{"command":"restart"}');
  assert.equal((await dev.report("process")).state, "exited");
  assert.notEqual((await dev.report("ready")).pid, ready.pid);
  await prints(dev, "2 a b");
  assert.ok(existsSync(scratch.file("build/hotreload/.hotreload/session.json")));
  await end(dev);
  assert.equal(existsSync(scratch.file("build/hotreload/.hotreload/session.json")), false);
});

test("each signal that asks for the end ends it with its program", async () => {
  const scratch = project();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    const dev = DevCommand.json(scratch.path);
    await dev.report("ready");
    await end(dev, signal);
  }
});

test("a program that ended is started again by the next save", async () => {
  const scratch = project({ "main.c": "int value(void);\nint main(void) { return value(); }\n" });
  const dev = DevCommand.json(scratch.path);
  const first = await dev.reports.next("exit", (report) => report.type === "process" && report.state === "exited");
  assert.ok(first.type === "process" && first.code === 1);
  scratch.write("value.c", VALUE.replace("return 1", "return 3"));
  const second = await dev.reports.next("exit", (report) => report.type === "process" && report.state === "exited");
  assert.ok(second.type === "process" && second.code === 3);
  await end(dev);
});

test("a project that does not compile is waited for", async () => {
  const scratch = project({ "value.c": '#include "value.h"\nint value(void) { return VALUE; }\n' });
  const dev = DevCommand.json(scratch.path);
  assert.match((await dev.report("buildFailed")).output, /value\.c:1:10: fatal error: value\.h/);
  scratch.write("value.h", "#define VALUE none\n");
  assert.match((await dev.report("buildFailed")).output, /none.* undeclared/);
  scratch.write("value.h", "#define VALUE 4\n");
  await dev.report("ready");
  await prints(dev, "4 -");
  await end(dev);
});

test("what is saved during the first build is in the program from its start", async () => {
  // A compiler launcher that saves a file once it was compiled.
  const saving = `"$@" || exit
case "$*" in *value.c.o*) [ -e saved ] || { : > saved; echo "int value(void) { return 2; }" > "$(dirname "$0")/value.c"; } ;; esac
`;
  const scratch = project({
    "CMakeLists.txt": `${LISTS}set_target_properties(ticker PROPERTIES C_COMPILER_LAUNCHER "sh;\${CMAKE_SOURCE_DIR}/save.sh")\n`,
    "save.sh": saving,
  });
  const dev = DevCommand.json(scratch.path);
  const first = await dev.report("output");
  assert.match(first.text, /^0 2 -$/m);
  await end(dev);
});

test("--no-run starts nothing, and programs started elsewhere connect and are reported", async () => {
  const scratch = project();
  const dev = DevCommand.json(
    scratch.path,
    "-B",
    scratch.file("elsewhere"),
    "--no-run",
    "-D",
    "CMAKE_BUILD_TYPE=Release",
  );
  const ready = await dev.report("ready");
  assert.equal(ready.pid, undefined);
  const program = new DevCommand([], [scratch.file("elsewhere/ticker")]);
  const connected = await dev.report("process");
  assert.deepEqual([connected.state, connected.pid], ["connected", program.child.pid]);
  scratch.write("value.c", VALUE.replace("return 1", "return 5"));
  assert.equal((await dev.report("hot")).pid, program.child.pid);
  await until("the new code to run", () => / 5 -\n/.test(program.text));
  program.child.kill("SIGTERM");
  assert.deepEqual(await program.exited, { code: null, signal: "SIGTERM" });
  const exited = await dev.report("process");
  assert.deepEqual([exited.state, exited.pid], ["exited", program.child.pid]);
  await end(dev);
});

test("a second server in the same build directory is refused, and the first one goes on", async () => {
  const scratch = project();
  const dev = DevCommand.json(scratch.path);
  await dev.report("ready");
  const second = DevCommand.json(scratch.path);
  const error = await second.report("error");
  assert.equal(error.code, "E_SESSION_BUSY");
  assert.equal((await second.exited).code, 1);
  await prints(dev, "1 -");
  await end(dev);
});

test("what cannot be served ends with 1 and one error", async () => {
  const two = `${LISTS}add_executable(other main.c value.c)\nset_target_properties(ticker PROPERTIES OUTPUT_NAME x)\n`;
  const cases: [Scratch, string[], string, RegExp][] = [
    [new Scratch(), [], "E_PROJECT", /has no CMakeLists\.txt/],
    [project({ "CMakeLists.txt": `${LISTS}message(FATAL_ERROR "broken")\n` }), [], "E_CONFIGURE", /cmake ended/],
    [
      project({ "CMakeLists.txt": two.replace("project(ticker", "project(neither") }),
      [],
      "E_TARGET",
      /ticker, other|other, ticker/,
    ],
    [project(), ["--target", "nothing"], "E_TARGET", /no executable nothing; it has: ticker/],
  ];
  await Promise.all(
    cases.map(async ([scratch, args, code, message]) => {
      const dev = DevCommand.json(scratch.path, ...args);
      const error = await dev.report("error");
      assert.equal(error.code, code, JSON.stringify(error));
      assert.match(error.message, message);
      assert.equal((await dev.exited).code, 1);
      assert.deepEqual(dev.left(), []);
    }),
  );
});

test("Ctrl-C in the middle of the first build leaves no compiler behind", async () => {
  const scratch = project({
    "CMakeLists.txt": `${LISTS}set_source_files_properties(value.c PROPERTIES COMPILE_OPTIONS -v)
set_property(TARGET ticker PROPERTY C_COMPILER_LAUNCHER sh "\${CMAKE_SOURCE_DIR}/hang.sh")\n`,
    "hang.sh": ': > "$(dirname "$0")/hanging"\nsleep 66 & sleep 67\n',
  });
  const dev = DevCommand.json(scratch.path);
  await until("the compiler to hang", () => existsSync(scratch.file("hanging")), 30_000);
  await end(dev, "SIGINT");
});

test("a server whose reader is gone ends with its program", async () => {
  const dev = DevCommand.json(project().path);
  await dev.report("ready");
  dev.child.stdout?.destroy();
  await dev.exited;
  assert.deepEqual(dev.left(), []);
});

test("a killed server leaves the program running, and the next server takes over", async () => {
  // It prints nothing: its standard output ends with the first server.
  const scratch = project({ "main.c": MAIN.replace(/printf\([^;]*;/, "value();") });
  const first = DevCommand.json(scratch.path);
  const { pid = 0 } = await first.report("ready");
  first.child.kill("SIGKILL");
  await first.exited;
  assert.deepEqual(first.left(), [pid]);
  const second = DevCommand.json(scratch.path, "--no-run");
  const connected = await second.report("process");
  assert.deepEqual([connected.pid, connected.state], [pid, "connected"]);
  scratch.write("value.c", VALUE.replace("return 1", "return 8"));
  assert.equal((await second.report("hot")).pid, pid);
  process.kill(pid, "SIGKILL");
  const exited = await second.report("process");
  assert.deepEqual([exited.pid, exited.state], [pid, "exited"]);
  await end(second);
});

test("in a terminal keys are obeyed, and Ctrl-C ends it with its program", async () => {
  const scratch = project({ "main.c": MAIN.replace("printf", "if (i % 100 == 0) printf") });
  const command = `'${process.execPath}' '${cli}' dev '${scratch.path}'`;
  const dev = new DevCommand([], ["script", "-qfec", command, "/dev/null"]);
  const shows = (text: RegExp): Promise<void> => until(`${text} in ${dev.text}`, () => text.test(dev.text), 30_000);
  await shows(/ready.* built in \d+ ms, process \d+ connected/);
  dev.child.stdin?.write("h");
  await shows(/h help, z undo the last patch, Z redo it, s status, r restart/);
  scratch.write("value.c", VALUE.replace("return 1", "return 6"));
  await shows(/hot.*value\.c {2}1 function \(value\) {2}\d+ ms \(build \d+/);
  dev.child.stdin?.write("z");
  await shows(/undone.*patch 1 of process \d+ {2}1 function \(value\)\s+the files are as they were saved/);
  dev.child.stdin?.write("Z");
  await shows(/redone.*patch 1 of process \d+ {2}1 function \(value\)/);
  scratch.write("value.c", VALUE.replace("return 1", "return one"));
  await shows(/build failed.*value\.c\s+\S*value\.c: In function/);
  scratch.write("value.c", VALUE.replace("return 1", "return 7"));
  await shows(/return one[\s\S]*hot.*value\.c/);
  dev.child.stdin?.write("r");
  await shows(/exited by SIGTERM[\s\S]*ready/);
  dev.child.stdin?.write("\x03");
  await dev.exited;
  assert.deepEqual(dev.left(), []);
});

test.run();
