// Scenario E6: a real gdb on a program that is reloaded, with a breakpoint on an entry itself.

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { Changes, DEADLINE } from "./changes.js";
import type { Program } from "./program.js";
import { runScenarios, type Scenario } from "./scenario_suite.js";

/** A gdb in batch mode, attached to the program; what it prints, and how it ends. */
class Debugger {
  readonly #child: ChildProcess;
  readonly #changes = new Changes();
  #output = "";
  #ended = false;

  constructor(program: Program, ...commands: readonly string[]) {
    const options = ["-nx", "-q", "-batch", "-p", String(program.pid), "-ex", "set pagination off"];
    const given = commands.flatMap((command) => ["-ex", command]);
    const environment = { ...program.mark.environment(), DEBUGINFOD_URLS: "", LC_ALL: "C" };
    this.#child = spawn("gdb", [...options, ...given], { env: environment, stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on("data", (data) => {
        this.#output += String(data);
        this.#changes.notify();
      });
    }
    this.#child.on("close", () => {
      this.#ended = true;
      this.#changes.notify();
    });
  }

  shows(pattern: RegExp): Promise<true> {
    const look = () => (pattern.test(this.#output) ? true : undefined);
    return this.#changes.until(`gdb to show ${pattern}`, look, DEADLINE, () => this.#output);
  }

  /** Goes on to the next command. */
  interrupt(): void {
    this.#child.kill("SIGINT");
  }

  /** All that it printed, once it has ended. */
  async output(): Promise<string> {
    await this.#changes.until(
      "gdb to end",
      () => (this.#ended ? true : undefined),
      DEADLINE,
      () => this.#output,
    );
    return this.#output;
  }
}

const onAnEntry: Scenario = {
  row: "E6",
  soFar: "a breakpoint on an entry itself; not yet stops in new code by function and line",
  name: "a breakpoint on an entry itself: the reload is refused and nothing lost; the next save after it brings both",
  async run(program) {
    await program.shows({ E4: "1", "E4.other": "5" });
    const gdb = new Debugger(program, "break *e4_value if 0", "continue", "delete", "detach");
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
    const again = new Debugger(program, "break *e4_other if 0", "continue", "delete", "detach");
    await again.shows(/Breakpoint 1 at/);
    await program.goesOn(10);
    again.interrupt();
    await again.output();
    await program.goesOn(10);
    assert.equal(program.log.value("E4.other"), "6", "the redirection is still there");
    program.edit("e4.c", "return x + 6;", "return x + 7;");
    await program.hot(/e4_other/);
    await program.shows({ "E4.other": "7" });
  },
};

runScenarios("debugger", "process", [onAnEntry]);
