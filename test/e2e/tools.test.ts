// Scenario E7: valgrind on a program that is reloaded.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { suite } from "uvu";
import { allConfigurations } from "./configurations.js";
import { Program } from "./program.js";
import { record } from "./results.js";
import { readProgram } from "./workspace.js";

const test = suite("tools");
const [configuration] = allConfigurations;

const name = "valgrind with --smc-check=all runs new code, and reports an error in it with its function, file and line";

test(`E7: ${name}`, async () => {
  const program = await Program.start(readProgram("process"), { configuration, target: "process", run: false });
  let outcome: "passed" | "failed" = "failed";
  try {
    const log = path.join(program.workspace.root, "valgrind.log");
    // Valgrind translates code once, and by itself looks again only at code that comes from no file.
    const options = ["--smc-check=all", `--log-file=${log}`, path.join(program.build, "process")];
    const child = spawn("valgrind", options, { env: program.mark.environment(), stdio: ["ignore", "pipe", "inherit"] });
    child.stdout.on("data", (data) => program.log.feed(String(data)));
    await program.connected(child.pid);
    await program.shows({ E3: "1" });
    const wrong = "int *place = malloc(4);\n  free(place);\n  if (*(volatile int *)place == x) return x + 2;";
    program.edit("e3.c", "/* place for code */", wrong);
    await program.hot(/e3_value/);
    const line = program.workspace.read("e3.c").split("if (*(volatile")[0]?.split("\n").length;
    await program.server.until("valgrind to report it", () =>
      fs.readFileSync(log, "utf8").includes(`e3_value (e3.c:${line})`) ? true : undefined,
    );
    assert.match(
      fs.readFileSync(log, "utf8"),
      /Invalid read of size 4\n.*at 0x\S+: e3_value \(e3\.c:\d+\)\n.*by 0x\S+: run_parts/,
    );
    program.same();
    const end = new Promise((resolve) => child.once("close", resolve));
    child.kill("SIGTERM");
    await end;
    await program.quit();
    outcome = "passed";
  } catch (error) {
    await program.abandon(error);
    throw error;
  } finally {
    const where = { row: "E7", configuration: configuration?.name ?? "", level: "executable" } as const;
    record("tools", { ...where, test: name, outcome, verdicts: ["hot"], soFar: "valgrind; sanitizer reports (D14)" });
  }
});

test.run();
