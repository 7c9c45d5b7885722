// Scenario E7: valgrind and perf on a program that is reloaded.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { suite } from "uvu";
import { allConfigurations } from "./configurations.js";
import { Program } from "./program.js";
import { record } from "./results.js";
import { readProgram } from "./workspace.js";

const test = suite("tools");
const [configuration] = allConfigurations;

/** Runs the body on a program of its own kind, and records what became of it. */
function testTool(name: string, soFar: string, run: boolean, body: (program: Program) => Promise<void>): void {
  test(`E7: ${name}`, async () => {
    const program = await Program.start(readProgram("process"), { configuration, target: "process", run });
    let outcome: "passed" | "failed" = "failed";
    try {
      await body(program);
      await program.quit();
      outcome = "passed";
    } catch (error) {
      await program.abandon(error);
      throw error;
    } finally {
      const where = { row: "E7", configuration: configuration?.name ?? "", level: "executable" } as const;
      record("tools", { ...where, test: name, outcome, verdicts: ["hot"], soFar });
    }
  });
}

testTool(
  "valgrind with --smc-check=all runs new code, and reports an error in it with its function, file and line",
  "valgrind, perf; sanitizer reports (D14)",
  false,
  async (program) => {
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
  },
);

testTool(
  "perf names the function, the file and the line of new code, and who called it",
  "valgrind, perf; sanitizer reports (D14)",
  true,
  async (program) => {
    await program.shows({ E3: "1" });
    const busy = "for (volatile int i = 0; i < 1000000; i++) x += i & 0;\n  return x + 2;";
    program.edit("e3.c", "/* place for code */\n  return x + 1;", busy);
    await program.hot(/e3_value/);
    await program.shows({ E3: "2" });
    const place = (name: string) => path.join(program.workspace.root, name);
    // perf counts from before this command begins until it ends.
    const wait = `touch '${place("began")}'; while [ ! -e '${place("enough")}' ]; do sleep 0.05; done`;
    const how = ["record", "-q", "-e", "cpu-clock", "-g", "-o", place("perf.data"), "-p", String(program.pid)];
    const perf = spawn("perf", [...how, "sh", "-c", wait], { env: program.mark.environment(), stdio: "inherit" });
    const end = new Promise((resolve) => perf.once("close", resolve));
    await program.server.until("perf to begin", () => (fs.existsSync(place("began")) ? true : undefined));
    await program.goesOn(100);
    fs.writeFileSync(place("enough"), "");
    await end;
    const shown = ["script", "-i", place("perf.data"), "-F", "ip,sym,dso,srcline"];
    const output = execFileSync("perf", shown, { encoding: "utf8", maxBuffer: 1 << 28 });
    const line = program.workspace.read("e3.c").split("for (volatile")[0]?.split("\n").length;
    const pattern = `e3_value \\(\\S+/patches/\\S+\\.so\\)\\s+e3\\.c:${line}\\s+\\S+ run_parts \\(\\S+\\)\\s+parts\\.c:\\d+\\s`;
    assert.match(output, new RegExp(pattern));
    program.same();
  },
);

test.run();
