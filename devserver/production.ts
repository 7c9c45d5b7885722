// `hotreload gen`, `fix`, and `status` and `undo` of a process: what they take and what they print.
import type { Command } from "commander";
import type { NamePair } from "../plugin/elf/index.js";
import { formatProblem, type Problem } from "../plugin/errors.js";
import { type GenReport, generatePatch } from "../plugin/production/gen.js";
import { readPatchFile } from "../plugin/production/patch_file.js";
import {
  applyPatch,
  type Interruption,
  type ProcessPatch,
  type ProcessStatus,
  processesOf,
  processStatus,
  undoPatch,
} from "../plugin/production/process_patches.js";

const DEFAULT_TIMEOUT = "5";

/** Adds the commands; each calls `finish` with the exit code. */
export function addProductionCommands(program: Command, finish: (code: number) => void): void {
  const gather = (value: string, all: string[]): string[] => [...all, value];
  program
    .command("gen")
    .description("make a patch file for a program that runs somewhere, from the object files of a fix")
    .usage("-m <module> [options] [objects...] -o <file>")
    .argument("[objects...]", "object files: functions with the name of one in the module replace it")
    .requiredOption("-m, --module <file>", "the executable or shared library that runs")
    .requiredOption("-o, --output <file>", "the patch file to write (.hrp)")
    .option("--from <path>", "object, or folder of objects, that the module was linked from")
    .option("--to <path>", "the changed object or folder: what differs is replaced")
    .option("--replace <old=new>", "function `new` of the fix replaces `old` of the module", gather, [])
    .option("--set <name=value>", "give a variable a value", gather, [])
    .option("--apply-initializers", "give variables the initializers that the fix has")
    .option("--unit <file>", "source file whose static functions and variables are meant")
    .option("--debug-file <file>", "has the symbols of a stripped module")
    .option("--name <name>", "by which `undo` knows the patch (default: the file's name)")
    .option("--description <text>", "shown by `status`")
    .option("--json", "print one line of JSON")
    .action(async (objects: string[], flags: GenFlags) => finish(await gen(objects, flags)));
  program
    .command("fix")
    .description("apply a patch file to running processes")
    .usage("[options] <pid...> <file>")
    .argument("<arguments...>", "process numbers, and the patch file at the end")
    .option("--all", "every process that runs the patch's module")
    .option("--timeout <seconds>", "how long to wait for a moment at which it can be done", DEFAULT_TIMEOUT)
    .option("--json", "print one line of JSON for each process")
    .action(async (args: string[], flags: FixFlags) => finish(await fix(args, flags)));
}

interface GenFlags {
  readonly module: string;
  readonly output: string;
  readonly from?: string;
  readonly to?: string;
  readonly replace: readonly string[];
  readonly set: readonly string[];
  readonly applyInitializers?: true;
  readonly unit?: string;
  readonly debugFile?: string;
  readonly name?: string;
  readonly description?: string;
  readonly json?: true;
}

interface FixFlags {
  readonly all?: true;
  readonly timeout: string;
  readonly json?: true;
}

const printJson = (value: object) => console.log(JSON.stringify(value));

function printProblems(problems: readonly Problem[], json: boolean, context: object = {}): void {
  for (const problem of problems) {
    if (json) printJson({ type: "refused", ...context, ...problem });
    else console.error(`refused  ${formatProblem(problem)}`);
  }
}

function splitPairs(texts: readonly string[]): NamePair[] {
  return texts.map((text) => {
    const at = text.indexOf("=");
    return at < 0 ? { first: text, second: text } : { first: text.slice(0, at), second: text.slice(at + 1) };
  });
}

async function gen(objects: readonly string[], flags: GenFlags): Promise<number> {
  const json = flags.json === true;
  const { replace, set, applyInitializers, ...rest } = flags;
  const outcome = await generatePatch({
    ...rest,
    objects,
    replace: splitPairs(replace),
    set: splitPairs(set),
    applyInitializers: applyInitializers === true,
  });
  if (outcome.kind === "refused") {
    printProblems(outcome.reasons, json);
    return 1;
  }
  if (json) printJson({ type: "made", ...outcome.report });
  else printMade(outcome.report);
  return 0;
}

function printMade({ manifest, output }: GenReport): void {
  console.log(`made     ${output} for ${manifest.module}, build-id ${manifest.buildId}`);
  printContents(manifest);
  for (const note of manifest.notes) console.log(`note     ${note}`);
}

function printContents(contents: Pick<ProcessPatch, "replaces" | "addsFunctions" | "addsVariables" | "sets">): void {
  const lists = [
    ["replaces", contents.replaces],
    ["adds", [...contents.addsFunctions, ...contents.addsVariables]],
    ["sets", contents.sets],
  ] as const;
  for (const [what, names] of lists) {
    if (names.length > 0) console.log(`         ${what} ${names.join(", ")}`);
  }
}

/** True for what can only be the number of a process. */
export const isProcess = (text: string): boolean => /^[1-9][0-9]*$/.test(text);

/** Says so; the exit code. */
export function notAProcess(text: string, json: boolean): number {
  printProblems([{ code: "E_PROCESS", message: `${text} is not the number of a process` }], json);
  return 1;
}

async function fix(args: readonly string[], flags: FixFlags): Promise<number> {
  const json = flags.json === true;
  const file = args.at(-1) ?? "";
  const patch = await readPatchFile(file);
  if (!patch.ok) {
    printProblems([patch.problem], json);
    return 1;
  }
  const pids = new Set<number>();
  for (const text of args.slice(0, -1)) {
    if (!isProcess(text)) return notAProcess(text, json);
    pids.add(Number(text));
  }
  if (flags.all) {
    const found = await processesOf(patch.value.manifest.buildId);
    if (!found.ok) {
      printProblems([found.problem], json);
      return 1;
    }
    for (const pid of found.value) pids.add(pid);
  }
  if (pids.size === 0) {
    const message = flags.all ? `no process runs ${patch.value.manifest.module}` : "name a process, or --all";
    printProblems([{ code: "E_PROCESS", message }], json);
    return 1;
  }
  let code = 0;
  for (const pid of pids) {
    const applied = await applyPatch(pid, patch.value, Number(flags.timeout) * 1000);
    if (!applied.ok) {
      printProblems([applied.problem], json, { pid });
      code = 1;
    } else if (json) {
      printJson({ type: "applied", pid, name: patch.value.manifest.name, ...applied.value });
    } else {
      console.log(`applied  ${patch.value.manifest.name} to process ${pid}: ${describe(applied.value)}`);
    }
  }
  return code;
}

function describe({ stoppedMs, borrowedMs, attempts, kept }: Interruption): string {
  const parts = [`it stood still for ${stoppedMs.toFixed(2)} ms`];
  if (borrowedMs > 0) parts.push(`one thread was borrowed for ${borrowedMs.toFixed(2)} ms`);
  if (attempts > 1) parts.push(`at attempt ${attempts}`);
  if (kept.length > 0) parts.push(`${kept.join(", ")} changed since and stays`);
  return parts.join(", ");
}

export async function status(pids: readonly string[], json: boolean): Promise<number> {
  let code = 0;
  for (const pid of pids) {
    const found = await processStatus(Number(pid));
    if (!found.ok) {
      printProblems([found.problem], json, { pid: Number(pid) });
      code = 1;
    } else if (json) {
      printJson({ type: "status", ...found.value });
    } else {
      printStatus(found.value);
    }
  }
  return code;
}

function printStatus({ pid, program, buildId, patches }: ProcessStatus): void {
  console.log(`process ${pid}  ${program}  build-id ${buildId}`);
  if (patches.length === 0) console.log("no patches");
  const superseded = patches.filter(({ state }) => state === "superseded").length;
  for (const patch of patches.filter(({ state }) => state !== "superseded")) {
    const when = patch.undone ?? patch.applied;
    const place = patch.buildId === buildId ? "" : `  in ${patch.module}`;
    console.log(`${patch.state.padEnd(8)} ${patch.name}  ${when?.toISOString() ?? ""}  by ${patch.by}${place}`);
    if (patch.description !== "") console.log(`         ${patch.description}`);
    printContents(patch);
  }
  if (superseded > 0) console.log(`         and ${superseded} that later versions took the place of`);
}

export async function undo(
  pid: string,
  name: string | undefined,
  flags: Pick<FixFlags, "timeout" | "json">,
): Promise<number> {
  const json = flags.json === true;
  const undone = await undoPatch(Number(pid), name, Number(flags.timeout) * 1000);
  if (!undone.ok) {
    printProblems([undone.problem], json, { pid: Number(pid) });
    return 1;
  }
  const { patch, interruption } = undone.value;
  if (json) printJson({ type: "undone", pid: Number(pid), name: patch.name, ...interruption });
  else console.log(`undone   ${patch.name} in process ${pid}: ${describe(interruption)}`);
  return 0;
}
