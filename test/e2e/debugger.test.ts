// Scenarios E6 and E3: a real debugger on a program that is reloaded; with lldb: lldb_scenarios.ts.

import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Debugger } from "./debugger.js";
import { lldbScenarios } from "./lldb_scenarios.js";
import type { Program } from "./program.js";
import { runScenarios, type Scenario } from "./scenario_suite.js";
import { listed } from "./status.js";

const onAnEntry: Scenario = {
  row: "E6",
  name: "a breakpoint on an entry itself: the first reload is refused and nothing lost, the next save after it brings both; later ones pass under it",
  async run(program) {
    await program.shows({ E4: "1", "E4.other": "5" });
    const gdb = Debugger.gdb(program, "break *e4_value if 0", "continue", "delete", "detach");
    await gdb.shows(/Breakpoint 1 at/);
    await program.goesOn(10);
    program.edit("e4.c", "return x + 1;", "return x + 2;");
    const verdict = await program.nextVerdict();
    assert.ok(verdict.type === "error" && verdict.code === "E_AGENT_BREAKPOINT", JSON.stringify(verdict));
    await program.goesOn(10);
    gdb.interrupt();
    await gdb.output();
    await program.goesOn(10);
    assert.equal(program.log.value("E4"), "1", "the old code goes on whole");
    program.edit("e4.c", "return x + 5;", "return x + 6;");
    await program.hot(/e4_value/, /e4_other/);
    await program.shows({ E4: "2", "E4.other": "6", "E4.count": "from_21" });

    // Now the entry is redirected: gdb saves the bytes of the redirection, and writes them back.
    const again = Debugger.gdb(program, "break *e4_other if 0", "continue", "delete", "detach");
    await again.shows(/Breakpoint 1 at/);
    await program.goesOn(10);
    assert.equal(program.log.value("E4.other"), "6", "the redirection is still there");
    program.edit("e4.c", "return x + 6;", "return x + 7;");
    await program.hot(/e4_other/);
    await program.shows({ "E4.other": "7" });
    again.interrupt();
    await again.output();
    await program.goesOn(10);
    assert.equal(program.log.value("E4.other"), "7", "and stays when the breakpoint is gone");
    program.edit("e4.c", "return x + 7;", "return x + 8;");
    await program.hot(/e4_other/);
    await program.shows({ "E4.other": "8" });
  },
};

/** More lines than before, so that what follows it in the file moves. */
const LONGER = "int e4_value(int x) {\n  int twice = x * 2;\n  return twice + 2;\n}";

/** Where the text is in a file, counted from 1. */
function lineOf(program: Program, file: string, text: string): number {
  return program.workspace.read(file).split(text)[0]?.split("\n").length ?? 0;
}

const inNewCode: Scenario = {
  row: "E6",
  name: "breakpoints by function and by line stop in new code: its line, its callers, its locals, and stepping through it",
  async run(program, { name }) {
    program.edit("e4.c", /int e4_value\(int x\) \{[^}]*\}/.exec(program.workspace.read("e4.c"))?.[0] ?? "", LONGER);
    await program.hot(/e4_value/);
    await program.shows({ E4: "2" });
    const [first, last] = [lineOf(program, "e4.c", "int twice"), lineOf(program, "e4.c", "return twice")];
    /** Lines at which it stopped in the function. Before the prologue the argument is not what it will be. */
    const lines = (text: string) => {
      const stops = text.matchAll(/hit.*\be4_value \(x=.*\) at \S+\/e4\.c:(\d+)/g);
      return [...stops].map(([, line]) => Number(line));
    };
    const inPatch = /^e4_value.* in section \.text of \S+\/patches\/\S+\.so$/m;
    const caller = /#1 .* run_parts \(.*\) at \S+parts\.c:\d+/;
    // With gcc, gdb stops on the entry of the old code first: at the next stop it is in the new one.
    const where = ["info symbol $pc", "bt 3", "next", "delete", "detach"];
    const byFunction = await gdbOutput(program, "break e4_value", "continue", "continue", ...where);
    const at = lines(byFunction).at(-1) ?? 0;
    assert.ok(at >= first - 1 && at <= last, byFunction);
    assert.match(byFunction, inPatch);
    assert.match(byFunction, caller);
    const byLine = await gdbOutput(program, `break e4.c:${last}`, "continue", "info locals", ...where);
    assert.ok(lines(byLine).includes(last), byLine);
    assert.match(byLine, inPatch);
    assert.match(byLine, caller);
    if (name.endsWith("-O0")) assert.match(byLine, /^twice = 0$/m);
    await program.goesOn(10);
    program.same();
  },
};

const attachedBefore: Scenario = {
  row: "E6",
  name: "a reload under an attached gdb: a breakpoint that was set before by function follows to the new code",
  async run(program) {
    await program.goesOn();
    const gdb = Debugger.gdb(program, "break e4_other if 0", "continue", "info breakpoints", "delete", "detach");
    await gdb.shows(/Breakpoint 1 at/);
    program.edit("e3.c", "return x + 1;", "return x + 3;");
    await program.hot(/e3_value/);
    gdb.interrupt();
    await gdb.output();
    await program.shows({ E3: "3" });
    program.edit("e3.c", "return x + 3;", "return x + 1;");
    await program.hot(/e3_value/);
    program.same();
  },
};

const setBefore: Scenario = {
  row: "E6",
  name: "a breakpoint by line that was set before a reload stops in the new code, with its locals and its callers",
  async run(program) {
    const before = /int e4_value\(int x\) \{[^}]*\}/.exec(program.workspace.read("e4.c"))?.[0] ?? "";
    program.edit("e4.c", before, "int e4_value(int x) {\n  volatile int twice = x * 2;\n  return twice + 8;\n}");
    await program.hot(/e4_value/);
    await program.shows({ E4: "8" });
    const line = lineOf(program, "e4.c", "return twice");
    const where = ["info symbol $pc", "info locals", "bt 2", "delete", "detach"];
    const gdb = Debugger.gdb(program, `break e4.c:${line} if twice == 1`, "continue", ...where);
    await gdb.shows(/Breakpoint 1 at/);
    program.edit("e4.c", "x * 2;", "x * 2 + 1;");
    const { patch } = await program.hot(/e4_value/);
    const output = await gdb.output();
    assert.match(output, new RegExp(`hit.*\\be4_value \\(x=0\\) at \\S+/e4\\.c:${line}\\n`));
    assert.match(output, new RegExp(`^e4_value.* in section \\.text of \\S+/patches/\\S+/${patch}/\\S+\\.so$`, "m"));
    assert.match(output, /^twice = 1$/m);
    assert.match(output, /#1 .* run_parts \(.*\) at \S+parts\.c:\d+/);
    await program.shows({ E4: "9" });
    program.same();
  },
};

const onlyMoved: Scenario = {
  row: "E6",
  name: "a breakpoint by line in a function that only moved stops there; one on its entry refuses nothing",
  async run(program) {
    program.edit("e4.c", "int e4_value", "/* A remark\n   of two lines. */\nint e4_value");
    await program.unchanged();
    program.edit("e4.c", "return twice + 8;", "\n  return twice + 9;");
    const { functions, patch } = await program.hot(/e4_value/);
    assert.equal(functions.length, 1, `what only moved did not change: ${functions}`);
    await program.shows({ E4: "10", "E4.other": "8" });
    const line = lineOf(program, "e4.c", "int e4_other");
    const byLine = await gdbOutput(
      program,
      `break e4.c:${line}`,
      "continue",
      "info symbol $pc",
      "bt 2",
      "delete",
      "detach",
    );
    assert.match(byLine, new RegExp(`hit.*\\be4_other \\(x=.*\\) at \\S+/e4\\.c:${line}\\n`));
    assert.match(byLine, new RegExp(`^e4_other.* of \\S+/patches/\\S+/${patch}/\\S+\\.so$`, "m"));
    assert.match(byLine, /#1 .* run_parts \(.*\) at \S+parts\.c:\d+/);

    const gdb = Debugger.gdb(program, "break *e4_count if 0", "continue", "delete", "detach");
    await gdb.shows(/Breakpoint 1 at/);
    const text = program.workspace.read("e4.c").replace("return twice + 9;", "return twice + 10;");
    program.save("e4.c", `\n\n${text}`);
    await program.hot(/e4_value/);
    await program.shows({ E4: "11", "E4.count": "from_21" });
    gdb.interrupt();
    await gdb.output();
    program.same();
  },
};

/** How long the program stands still; for the whole minute of the row with one compiler alone. */
const stoppedSeconds = (configuration: string) =>
  Number(process.env.HOTRELOAD_E2E_STOPPED_S ?? (configuration === "gcc -O2" ? 60 : 1));

const stopped: Scenario = {
  row: "E3",
  name: "the program is stopped in gdb, with gcc -O2 for a minute: that is reported, and it catches up when it goes on",
  async run(program, { name }) {
    await program.goesOn();
    const goOn = path.join(program.workspace.root, "go-on");
    const wait = `shell while [ ! -e '${goOn}' ]; do sleep 0.05; done`;
    const gdb = Debugger.gdb(program, "echo here\\n", wait, "detach");
    await gdb.shows(/here/);
    program.edit("e3.c", "return x + 1;", "return x + 4;");
    const verdict = await program.nextVerdict();
    assert.ok(verdict.type === "error" && verdict.code === "E_AGENT", JSON.stringify(verdict));
    assert.match(verdict.message, /does not answer .*: it catches up when it does/);
    assert.deepEqual(
      (await listed(program)).map(({ state }) => state),
      ["silent"],
    );
    await delay(stoppedSeconds(name) * 1000); // what this scenario is about
    fs.writeFileSync(goOn, "");
    await gdb.output();
    await program.hot(/e3_value/);
    await program.server.until("the last text", () => (program.log.value("E3") === "4" ? true : undefined));
  },
};

async function gdbOutput(program: Program, ...commands: readonly string[]): Promise<string> {
  return Debugger.gdb(program, ...commands).output();
}

const gdbScenarios = [onAnEntry, inNewCode, attachedBefore, setBefore, onlyMoved, stopped];
runScenarios("debugger", "process", [...gdbScenarios, ...lldbScenarios]);
