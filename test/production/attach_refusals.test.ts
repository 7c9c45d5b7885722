// What `hotreload attach` refuses, each with its own code, and whose rights it uses.
import { spawnSync } from "node:child_process";
import { chmodSync, chownSync, copyFileSync, lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { runToEnd } from "../examples/example.js";
import { attached, PlainProject } from "./attached.js";
import { fix, hotreload, undo, withWorkshop } from "./plain_program.js";

const NOBODY = 65534;
const helper = fileURLToPath(new URL("../../../plugin/inject/build/hotreload_inject", import.meta.url));
const cli = fileURLToPath(new URL("../../devserver/cli.js", import.meta.url));

const files = {
  "CMakeLists.txt": `
cmake_minimum_required(VERSION 3.16)
project(answers C)
add_executable(answers main.c answer.c)
`,
  "answer.c": "int answer(void) { return 1; }\n",
  "main.c": `
#include <stdio.h>
#include <unistd.h>
int answer(void);
int main(void) { for (;;) { printf("answer %d\\n", answer()); fflush(stdout); usleep(5000); } }
`,
};

function refusal(...args: readonly string[]): unknown {
  const answer = hotreload("attach", ...args);
  assert.is(answer.code, 1, JSON.stringify(answer));
  return answer.lines.at(-1)?.code;
}

test("no process, no build, another build, a second one, a patch of another origin, a program that was linked anew", () =>
  withWorkshop(async (workshop) => {
    const project = new PlainProject(workshop, files);
    project.build("-DCMAKE_BUILD_TYPE=Debug");
    const other = project.path("other");
    runToEnd("cmake", ["-S", workshop.dir, "-B", other, "-GNinja", "-DCMAKE_BUILD_TYPE=Release"]);
    runToEnd("ninja", ["-C", other]);
    const program = workshop.start("build/answers");
    const prints = (answer: number) => program.waitForNewLine((line) => line === `answer ${answer}`);
    const pid = `${program.pid}`;
    await prints(1);

    // Of a build that nobody looked at, the objects that were linked are lost once another is built.
    const released = workshop.start("other/answers");
    await released.waitForLine((line) => line === "answer 1");
    project.edit("answer.c", "1", "3");
    runToEnd("ninja", ["-C", other, "CMakeFiles/answers.dir/answer.c.o"]);
    assert.is(refusal(`${released.pid}`), "E_BASELINE");
    runToEnd("ninja", ["-C", other]);
    assert.is(refusal(`${released.pid}`), "E_OTHER_BUILD");
    project.reset();

    assert.is(refusal("nonsense"), "E_PROCESS");
    assert.is(refusal("999999999"), "E_PROCESS");
    assert.is(refusal(`${process.pid}`), "E_PROJECT"); // node, which has no build directory above it
    assert.is(refusal(pid, workshop.dir), "E_PROJECT");
    assert.is(refusal(pid, other), "E_PROJECT");

    const optimized = project.path("optimized");
    runToEnd("cmake", ["-S", workshop.dir, "-B", optimized, "-GNinja", "-DCMAKE_C_FLAGS=-g -flto"]);
    runToEnd("ninja", ["-C", optimized]);
    assert.is(refusal(`${workshop.start("optimized/answers").pid}`), "E_REFUSED");

    workshop.write("fix.c", "int answer(void) { return 5; }");
    fix(program, workshop.gen("build/answers", "fix.hrp", workshop.object("gcc", "fix.o", "fix.c")));
    await prints(5);
    assert.is(refusal(pid), "E_APPLIED");
    undo(program);
    await prints(1);

    await attached(program.pid, [], async (attach) => {
      await attach.report("attached");
      assert.is(refusal(pid), "E_SESSION_BUSY");
      assert.is((await attach.verdict(() => project.edit("answer.c", "1", "2"))).type, "hot");
      await prints(2);
      // The build is changed under it: no link can be brought into the process.
      const linked = await attach.verdict(() => project.edit("CMakeLists.txt", "answer.c)", "answer.c fix.c)"));
      assert.is(linked.type, "buildFailed", JSON.stringify(linked));
      await prints(2);
    });
  }));

test("without debug information a change is refused, unless types are trusted", () =>
  withWorkshop(async (workshop) => {
    const project = new PlainProject(workshop, files);
    project.build();
    const program = workshop.start("build/answers");
    await program.waitForLine((line) => line === "answer 1");
    await attached(program.pid, [], async (attach) => {
      const start = await attach.report("attached");
      assert.ok(
        start.missing?.some((text) => text.includes("--trust-types")),
        JSON.stringify(start),
      );
      const refused = await attach.verdict(() => project.edit("answer.c", "1", "2"));
      assert.is(refused.type, "restartNeeded", JSON.stringify(refused));
      assert.equal(
        refused.reasons?.map(({ code }) => code),
        ["E_LAYOUT"],
      );
    });
    await attached(program.pid, ["--trust-types"], async (attach) => {
      assert.is((await attach.report("hot", "restartNeeded", "error")).type, "hot");
      await program.waitForNewLine((line) => line === "answer 2");
    });
  }));

test("another user's process is refused; for root, all that is built is the build's owner's", () =>
  withWorkshop(async (workshop) => {
    const project = new PlainProject(workshop, files);
    project.build("-DCMAKE_BUILD_TYPE=Debug");
    const program = workshop.start("build/answers");
    await program.waitForLine((line) => line === "answer 1");
    if (process.getuid?.() !== 0) return;
    assert.is(codeForNobody(workshop.path("helper"), program.pid), "E_PERMISSION");

    chmodSync(workshop.dir, 0o755);
    for (const path of ["", ...readdirSync(workshop.dir, { recursive: true, encoding: "utf8" })]) {
      chownSync(join(workshop.dir, path), NOBODY, NOBODY);
    }
    await attached(program.pid, [], async (attach) => {
      await attach.report("attached");
      assert.is((await attach.verdict(() => project.edit("answer.c", "1", "2"))).type, "hot");
      await program.waitForNewLine((line) => line === "answer 2");
      await attach.interrupt();
      assert.equal((await attach.report("detached")).patches, ["attach:answers"]);
    });
    const build = project.path("build");
    for (const path of readdirSync(build, { recursive: true, encoding: "utf8" })) {
      assert.is(lstatSync(join(build, path)).uid, NOBODY, path);
    }
  }));

/** Of the command, or where nobody may not even read it, of a copy of the helper that it asks first. */
function codeForNobody(copy: string, pid: number): unknown {
  const asNobody = { uid: NOBODY, gid: NOBODY, encoding: "utf8" } as const;
  const isReadable = [helper, cli].every((path) => spawnSync("test", ["-r", path], asNobody).status === 0);
  if (isReadable) {
    const answer = spawnSync(process.execPath, [cli, "attach", `${pid}`, "--json"], asNobody);
    return JSON.parse(answer.stdout).code;
  }
  copyFileSync(helper, copy);
  chmodSync(copy, 0o755);
  return JSON.parse(spawnSync(copy, ["status", `${pid}`], asNobody).stdout).code;
}

test.run();
