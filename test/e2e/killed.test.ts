// The dev server is killed at any moment: ninja accepts what it leaves behind, finishes it, and it is the newest text.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import path from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { suite } from "uvu";
import { otherBuildsEnded } from "../../plugin/other_builds.js";
import { allConfigurations } from "./configurations.js";
import { Program } from "./program.js";
import { run } from "./terminal.js";
import { readProgram } from "./workspace.js";

const test = suite("killed");

/** Ninja ends the build in an ordinary way, has nothing to do then, and what it built is of this text. */
async function ninjaFinishes(program: Program, value: string): Promise<void> {
  // The ninja that the dev server had started goes on without it.
  await otherBuildsEnded(program.build, new Set(["ninja"]));
  await run(program, "ninja");
  assert.match(await run(program, "ninja", "-d", "explain", "-n"), /no work to do/);
  assert.match(await firstTick(program), new RegExp(` E3=${value} `));
}

/** The first line of a new instance of the program. */
async function firstTick(program: Program): Promise<string> {
  const child = spawn(path.join(program.build, "process"), { env: program.mark.environment(), stdio: "pipe" });
  try {
    for await (const line of createInterface({ input: child.stdout })) return `${line} `;
    assert.fail("the program printed nothing");
  } finally {
    child.kill("SIGKILL");
  }
}

test("killed at many moments around a save, it leaves a tree that ninja finishes", async () => {
  const options = { configuration: allConfigurations[0], target: "process", run: false };
  const program = await Program.start(readProgram("process"), options);
  try {
    let value = 1;
    for (const pause of [0, 10, 20, 30, 45, 60, 90, 150]) {
      program.save("e3.c", program.workspace.read("e3.c").replace(`x + ${value}`, `x + ${value + 1}`));
      program.save("e4.c", program.workspace.read("e4.c").replace(/x \+ \d+/, `x + ${value + 1}`));
      value += 1;
      await delay(pause); // another moment each time
      await program.killServer();
      await ninjaFinishes(program, String(value));
      await program.startServerAgain();
    }
    await program.quit();
  } catch (error) {
    await program.abandon(error);
    throw error;
  }
});

test("killed while the compiler runs, and again in the build that follows", async () => {
  const files = { ...readProgram("process") };
  const launcher =
    '"$@" || exit 1\nhere=$(dirname "$0")\n: > "$here/is-held"\nwhile [ -e "$here/hold" ]; do sleep 0.02; done\n';
  const program = await Program.start(
    { ...files, "launcher.sh": launcher },
    {
      configuration: allConfigurations[0],
      target: "process",
      run: false,
      define: { CMAKE_C_COMPILER_LAUNCHER: (workspace) => `sh;${workspace.path("launcher.sh")}` },
    },
  );
  const { workspace } = program;
  try {
    for (let value = 2; value < 5; value++) {
      workspace.remove("is-held");
      workspace.write("hold", "");
      program.save("e3.c", workspace.read("e3.c").replace(/x \+ \d+/, `x + ${value}`));
      for (let look = 0; !workspace.exists("is-held"); look++) {
        assert.ok(look < 3000, "the compiler runs within a minute");
        await delay(20); // nothing tells
      }
      await program.killServer();
      workspace.remove("hold");
      await ninjaFinishes(program, String(value));
      await program.startServerAgain();
    }
    await program.quit();
  } catch (error) {
    await program.abandon(error);
    throw error;
  }
});

test.run();
