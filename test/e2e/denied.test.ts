// A program whose code may not be made writable (SELinux, systemd's MemoryDenyWriteExecute): said with a code, and it goes on.

import assert from "node:assert/strict";
import { suite } from "uvu";
import { type Configuration, chosenConfigurations } from "./configurations.js";
import { Program } from "./program.js";
import { readProgram } from "./workspace.js";

const test = suite("denied");

/** @param by what denies it: "filter" (seccomp, as SELinux would), "kernel" (PR_SET_MDWE of Linux 6.3) */
async function isRefused(by: string, configuration: Configuration): Promise<void> {
  const options = { configuration, target: "denied", environment: { DENIED_BY: by } };
  const program = await Program.start(readProgram("denied"), options);
  try {
    await program.shows({ step: "5", steps: "from_10" });
    const denied = program.log.value("denied");
    if (by === "kernel" && denied === "Invalid_argument") {
      // An older kernel denies nothing.
      program.edit("step.c", "return x + 1;", "return x + 2;");
      await program.hot(/step/);
      await program.shows({ step: "6" });
    } else {
      assert.equal(denied, "yes");
      for (const added of ["2", "3"]) {
        program.edit(
          "step.c",
          /return x \+ \d;/.exec(program.workspace.read("step.c"))?.[0] ?? "",
          `return x + ${added};`,
        );
        const verdict = await program.nextVerdict();
        assert.ok(verdict.type === "error", JSON.stringify(verdict));
        assert.equal(verdict.code, "E_AGENT_PROTECT");
        assert.match(verdict.message, /goes on as it was: the system does not allow .* to be written/);
        await program.goesOn(3);
        await program.shows({ step: "5", steps: "from_10" });
      }
      // Back to what it runs: nothing to do.
      program.edit("step.c", "return x + 3;", "return x + 1;");
      await program.unchanged();
    }
    program.same();
    await program.quit();
  } catch (error) {
    await program.abandon(error);
    throw error;
  }
}

for (const [index, by] of ["filter", "kernel"].entries()) {
  for (const configuration of chosenConfigurations(["A1"]).filter(({ name }) => !name.endsWith("-O3"))) {
    // One way with gcc -O0 and clang -O2, the other one with the others.
    if ((configuration.name.startsWith("gcc") === configuration.name.endsWith("-O0")) !== (index === 0)) continue;
    test(`${configuration.name}: code that may not be written (${by}) is refused with a code, and the program goes on`, () =>
      isRefused(by, configuration));
  }
}

test.run();
