#!/usr/bin/env node
// The command line of hotreload.

import { Command, Option } from "commander";
import { cmakeFolder, packageVersion } from "../plugin/package_root.js";
import { addProductionCommands, isProcess, notAProcess, status, undo } from "./production.js";
import type { Unsupported } from "./report.js";

interface DevFlags {
  readonly build?: string;
  readonly target?: string;
  readonly json?: true;
  readonly run: boolean;
  readonly onUnsupported: Unsupported;
  readonly define: readonly string[];
  readonly preset?: string;
  readonly generator?: string;
}

/** The dev server is loaded by those who need it: `fix` and its like should not wait for it. */
const loadDev = () => import("./dev.js");
const loadAsking = () => import("./asking.js");

interface AttachFlags {
  readonly timeout: string;
  readonly trustTypes?: true;
  readonly json?: true;
}

async function followProcess(pid: string, build: string | undefined, flags: AttachFlags): Promise<number> {
  const json = flags.json === true;
  if (!isProcess(pid)) return notAProcess(pid, json);
  const { attach } = await import("./attach.js");
  return attach({
    pid: Number(pid),
    ...(build === undefined ? {} : { buildDir: build }),
    timeoutMs: Number(flags.timeout) * 1000,
    trustTypes: flags.trustTypes === true,
    json,
  });
}

interface UndoFlags extends Pick<DevFlags, "build" | "json"> {
  readonly timeout: string;
}

/** @param argv without node and the script; what follows the first `--` is the program's */
export async function main(argv: readonly string[]): Promise<number> {
  const end = argv.indexOf("--");
  const own = end < 0 ? argv : argv.slice(0, end);
  const args = end < 0 ? [] : argv.slice(end + 1);
  let code = 0;
  const program = new Command("hotreload")
    .description("Save a C or C++ file, and the running program is the new program, its state kept.")
    .version(packageVersion())
    .showHelpAfterError()
    .enablePositionalOptions();
  program
    .command("dev")
    .description("build a CMake project, run its program, and reload what is saved")
    .usage("[dir] [options] [-- arguments of the program]")
    .argument("[dir]", "directory of the project's CMakeLists.txt", ".")
    .option("-B, --build <dir>", "build directory (default: <dir>/build/hotreload)")
    .option("--target <name>", "the executable to run, where the project has several")
    .option("--json", "report in lines of JSON, take commands on standard input")
    .option("--no-run", "start no program: those that are started elsewhere connect by themselves")
    .addOption(
      new Option("--on-unsupported <what>", "where a change needs a restart: offer it, do it, or only say so")
        .choices(["ask", "restart", "ignore"] satisfies Unsupported[])
        .default("ask"),
    )
    .option("--preset <name>", "a configure preset of the project")
    .option("-G, --generator <name>", "Ninja (default), Ninja Multi-Config or Unix Makefiles")
    .option("-D, --define <VAR=VALUE>", "passed to CMake", (value: string, all: string[]) => [...all, value], [])
    .action(async (dir: string, flags: DevFlags) => {
      const { build, target, json, run, onUnsupported, define, preset, generator } = flags;
      const { dev } = await loadDev();
      code = await dev({
        dir,
        ...(build === undefined ? {} : { buildDir: build }),
        ...(target === undefined ? {} : { target }),
        ...(preset === undefined ? {} : { preset }),
        ...(generator === undefined ? {} : { generator }),
        definitions: define,
        json: json === true,
        run,
        onUnsupported,
        args,
      });
    });
  program
    .command("undo")
    .description(
      "undo the last patch of a running `hotreload dev`, or take a patch of a process back: the newest, or by name",
    )
    .usage("[dir] [options] | <pid> [name] [options]")
    .argument("[dir|pid]", "directory of the project's CMakeLists.txt, or a process number", ".")
    .argument("[name]", "of the patch of a process, or the start of its digest")
    .option("-B, --build <dir>", "build directory (default: <dir>/build/hotreload)")
    .option("--timeout <seconds>", "of a process: how long to wait for a moment at which it can be done", "5")
    .option("--json", "print what became of it as lines of JSON")
    .action(async (of: string, name: string | undefined, flags: UndoFlags) => {
      const { timeout, ...rest } = flags;
      code = isProcess(of) ? await undo(of, name, flags) : await (await loadAsking()).ask("undo", { dir: of, ...rest });
    });
  program
    .command("redo")
    .description("redo the last patch that was undone in the programs of a running `hotreload dev`")
    .argument("[dir]", "directory of the project's CMakeLists.txt", ".")
    .option("-B, --build <dir>", "build directory (default: <dir>/build/hotreload)")
    .option("--json", "print what became of it as lines of JSON")
    .action(async (dir: string, flags: Pick<DevFlags, "build" | "json">) => {
      code = await (await loadAsking()).ask("redo", { dir, ...flags });
    });
  program
    .command("status")
    .description("list the processes of a running `hotreload dev` and their patches, or the patches of any process")
    .usage("[dir] [options] | <pid...> [options]")
    .argument("[dir|pid...]", "directory of the project's CMakeLists.txt, or process numbers", ["."])
    .option("-B, --build <dir>", "build directory (default: <dir>/build/hotreload)")
    .option("--json", "print one line of JSON for each process")
    .action(async (of: string[], flags: Pick<DevFlags, "build" | "json">) => {
      code = of.every(isProcess)
        ? await status(of, flags.json === true)
        : await (await loadAsking()).ask("status", { dir: of[0] ?? ".", ...flags });
    });
  addProductionCommands(program, (result) => {
    code = result;
  });
  program
    .command("attach")
    .description("follow a process that was built without hotreload: each save changes it")
    .usage("<pid> [build] [options]")
    .argument("<pid>", "of a program that CMake and Ninja have built, with -g")
    .argument("[build]", "its build directory (default: the nearest one above the program)")
    .option("--timeout <seconds>", "at each save: how long to wait for a moment at which it can be done", "5")
    .option("--trust-types", "where there is no debug information, take it for granted that no type changed")
    .option("--json", "report in lines of JSON")
    .action(async (pid: string, build: string | undefined, flags: AttachFlags) => {
      code = await followProcess(pid, build, flags);
    });
  program
    .command("cmake-dir")
    .description("print the folder of HotReload.cmake, for CMAKE_MODULE_PATH")
    .action(() => console.log(cmakeFolder()));
  await program.parseAsync([...own], { from: "user" });
  return code;
}

process.exit(await main(process.argv.slice(2)));
