// Scenario E6 with a real lldb: breakpoints, lines, callers and locals in new code.

import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { Debugger } from "./debugger.js";
import type { Program } from "./program.js";
import type { Scenario } from "./scenario_suite.js";

/** Where it stopped: in which module, function, file and line. */
interface Stop {
  readonly reason: string;
  readonly module: string;
  readonly func: string;
  readonly file: string;
  readonly line: number;
}

function stopsIn(output: string): readonly Stop[] {
  const pattern = /stop reason = (.*)\n\s+frame #0: 0x\w+ (\S+)`(\w+)\(.*\) at (\S+?):(\d+)/g;
  return [...output.matchAll(pattern)].map(([, reason = "", module = "", func = "", file = "", line]) => {
    return { reason, module, func, file, line: Number(line) };
  });
}

const byBreakpoint = ({ reason }: Stop) => reason.startsWith("breakpoint");
const isNew = ({ module, func, file }: Stop) =>
  /^module-\S+\.so$/.test(module) && func === "e3_value" && file === "e3.c";

/** Whatever it went through, under debuggers. */
const shows = (program: Program, value: string) =>
  program.server.until(`E3=${value}`, () => (program.log.value("E3") === value ? true : undefined));

/** The function with another body; the lines of its first and its last statement. */
async function rewrite(program: Program, first: string, last: string, value: string) {
  const text = program.workspace.read("e3.c");
  const before = /int e3_value\(int x\) \{[^}]*\}/.exec(text)?.[0] ?? "";
  program.edit("e3.c", before, `int e3_value(int x) {\n  ${first}\n  ${last}\n}`);
  await program.hot(/e3_value/);
  await shows(program, value);
  const line = text.split(before)[0]?.split("\n").length ?? 0;
  return { first: line + 1, last: line + 2 };
}

const ofPatch = (patch: number) => new RegExp(`Module: file = "\\S+/patches/\\S+/${patch}/\\S+\\.so"`);
const caller = /frame #1: \S+ process`run_parts\(tick=.*\) at parts\.c:\d+/;
const where = ["image lookup -v -a $pc", "bt 3"];

const attachedAfter: Scenario = {
  row: "E6",
  name: "lldb, attached after a reload: breakpoints by function and by line stop in new code: its line, its callers, its locals, and stepping out of it",
  async run(program, { name }) {
    const { first, last } = await rewrite(program, "int twice = x * 2;", "return twice + 2;", "2");
    const lldb = Debugger.lldb(
      program,
      "breakpoint set -n e3_value",
      "continue", // with gcc, lldb stops on the entry of the old code first, as gdb does
      "continue",
      ...where,
      "breakpoint delete -f",
      `breakpoint set -f e3.c -l ${last}`,
      "continue",
      "bt 3",
      "frame variable",
      "next",
      "next",
      "breakpoint delete -f",
      "detach",
    );
    const output = await lldb.output();
    const [byFunction = "", byLine = ""] = output.split("(lldb) breakpoint set -f");
    const stop = stopsIn(byFunction).filter(byBreakpoint).at(-1);
    assert.ok(stop && isNew(stop) && stop.line >= first - 1 && stop.line <= last, output);
    assert.match(byFunction, /Module: file = "\S+\/patches\/\S+\.so"/);
    assert.match(byFunction, caller);
    const [at, ...steps] = stopsIn(byLine);
    assert.ok(at && byBreakpoint(at) && isNew(at) && at.line === last, output);
    assert.match(byLine, caller);
    if (name.endsWith("-O0")) assert.match(byLine, /^\(int\) twice = 0$/m);
    const inCaller = ({ func, file }: Stop) => func === "run_parts" && file === "parts.c";
    assert.ok(
      steps.some((step) => step.reason === "step over" && inCaller(step)),
      output,
    );
    assert.ok(
      steps.every((step) => inCaller(step) || (isNew(step) && step.line === last + 1)),
      output,
    );
    await program.goesOn(10);
  },
};

const attachedBefore: Scenario = {
  row: "E6",
  name: "lldb, attached before a reload and once more after it: the breakpoints that it has follow to the new code, with its locals and its callers",
  async run(program) {
    const { last } = await rewrite(program, "volatile int twice = x * 2;", "return twice + 8;", "8");
    const goOn = path.join(program.workspace.root, "attach-again");
    const lldb = Debugger.lldb(
      program,
      "breakpoint set -n e3_value",
      `breakpoint set -f e3.c -l ${last}`,
      "detach",
      `platform shell -h -t 60 -- while [ ! -e '${goOn}' ]; do sleep 0.05; done`,
      "breakpoint disable 1",
      `process attach --pid ${program.pid}`,
      "continue",
      ...where,
      "frame variable",
      "breakpoint disable 2",
      "breakpoint enable 1",
      "continue",
      "continue",
      ...where,
      "breakpoint delete -f",
      "detach",
    );
    await lldb.shows(/^Process \d+ detached$/m);
    program.edit("e3.c", "x * 2;", "x * 2 + 1;");
    const { patch } = await program.hot(/e3_value/);
    fs.writeFileSync(goOn, "");
    const output = await lldb.output();
    const [, byLine = "", byFunction = ""] = output.split(/\(lldb\) breakpoint (?:dis|en)able 1/);
    const at = stopsIn(byLine).find(byBreakpoint);
    assert.ok(at && isNew(at) && at.line === last, output);
    assert.match(byLine, /^\(volatile int\) twice = 1$/m);
    const then = stopsIn(byFunction).filter(byBreakpoint).at(-1);
    assert.ok(then && isNew(then), output);
    for (const part of [byLine, byFunction]) {
      assert.match(part, ofPatch(patch));
      assert.match(part, caller);
    }
    await shows(program, "9");
    program.same();
  },
};

export const lldbScenarios: readonly Scenario[] = [attachedAfter, attachedBefore];
