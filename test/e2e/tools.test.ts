// Scenario E7: valgrind, perf and backtrace_symbols() on a program that is reloaded.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { suite } from "uvu";
import { chosenConfigurations } from "./configurations.js";
import { Program } from "./program.js";
import { record } from "./results.js";
import { readProgram } from "./workspace.js";

interface Tool {
  readonly name: string;
  /** For clang, whose DWARF 5 the tool cannot read. */
  readonly flagsOfClang?: string;
  /** The dev server starts the program. */
  readonly run: boolean;
  readonly use: (program: Program) => Promise<void>;
}

const valgrind: Tool = {
  name: "valgrind with --smc-check=all runs new code, and reports an error in it with its function, file and line",
  flagsOfClang: "-gdwarf-4",
  run: false,
  async use(program) {
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
    const report = new RegExp(
      `Invalid read of size 4\\n.*at 0x\\S+: e3_value \\(\\S*e3\\.c:${line}\\)\\n.*by 0x\\S+: run_parts`,
    );
    await program.server.until("valgrind to report it", () =>
      report.test(fs.readFileSync(log, "utf8")) ? true : undefined,
    );
    program.same();
    const end = new Promise((resolve) => child.once("close", resolve));
    child.kill("SIGTERM");
    await end;
  },
};

const perf: Tool = {
  name: "perf names the function, the file and the line of new code, and who called it",
  run: true,
  async use(program) {
    await program.shows({ E3: "1" });
    const busy = "for (volatile int i = 0; i < 1000000; i++) x += i & 0;\n  return x + 2;";
    program.edit("e3.c", "/* place for code */\n  return x + 1;", busy);
    await program.hot(/e3_value/);
    await program.shows({ E3: "2" });
    const place = (name: string) => path.join(program.workspace.root, name);
    // perf counts from before this command begins until it ends.
    const wait = `touch '${place("began")}'; while [ ! -e '${place("enough")}' ]; do sleep 0.05; done`;
    const how = [
      "record",
      "-q",
      "-e",
      "cpu-clock",
      "-F",
      "499",
      "--call-graph",
      "dwarf",
      "-o",
      place("perf.data"),
      "-p",
      String(program.pid),
    ];
    const recorder = spawn("perf", [...how, "sh", "-c", wait], { env: program.mark.environment(), stdio: "inherit" });
    const end = new Promise((resolve) => recorder.once("close", resolve));
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
};

const backtraces: Tool = {
  name: "backtrace_symbols() names the function of new code, and dlsym() finds what it found before",
  run: true,
  async use(program) {
    await program.shows({ E3: "1" });
    const asked = `extern int backtrace(void **, int);
  extern char **backtrace_symbols(void *const *, int);
  extern void *dlsym(void *, const char *);
  extern char *strchr(const char *, int);
  extern void report(const char *, const char *, ...);
  void *at[4];
  char **names = backtrace_symbols(at, backtrace(at, 4));
  report("E3.at", "%s", strchr(names[0], '('));
  report("E3.found", "%d", dlsym((void *)0, "e3_value") != (void *)0);
  free(names);
  return x + 2;`;
    program.edit("e3.c", "/* place for code */\n  return x + 1;", asked);
    await program.hot(/e3_value/);
    await program.shows({ E3: "2", "E3.at": /^\(e3_value\+0x\w+\)_\[0x\w+\]$/, "E3.found": "0" });
    program.same();
  },
};

/** A program of its own for each, and what became of it is recorded. */
for (const configuration of chosenConfigurations(["E7"])) {
  const test = suite(`tools ${configuration.name}`);
  for (const { name, flagsOfClang, run, use } of [valgrind, perf, backtraces]) {
    test(`E7 ${configuration.name}: ${name}`, async () => {
      const level = configuration.define.CMAKE_C_FLAGS ?? "";
      const more = configuration.name.startsWith("clang") && flagsOfClang ? ` ${flagsOfClang}` : "";
      const define = { CMAKE_C_FLAGS: level + more };
      const program = await Program.start(readProgram("process"), { configuration, define, target: "process", run });
      let outcome: "passed" | "failed" = "failed";
      try {
        await use(program);
        await program.quit();
        outcome = "passed";
      } catch (error) {
        await program.abandon(error);
        throw error;
      } finally {
        const where = { row: "E7", configuration: configuration.name, level: "executable" } as const;
        record("tools", { ...where, test: name, outcome, verdicts: ["hot"] });
      }
    });
  }
  test.run();
}
