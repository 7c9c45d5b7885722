// Make, for the Unix Makefiles generator of CMake.
//
// CMake's makefiles have a target for each object, but no graph across targets of the project: what generates sources is
// built first; then a target's `depend` makes what the target generates for itself, and takes in what compilers reported;
// then its objects. A makefile of ours says so, so that one make shares its jobs among all of them. It asks none of the
// makefiles that would run CMake again.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { type BuildRun, BuildTool, chunks } from "./build.js";
import type { ObjectPath } from "./graph/graph.js";
import { readMakeOrder } from "./graph/make_rules.js";
import { MakeOutput } from "./make_output.js";
import type { Progress } from "./ninja_output.js";

const MAKEFILE = ".hotreload/objects.make";

export class Make extends BuildTool {
  protected readonly names = ["make", "gmake"];
  private isConfigured = true;

  beforeConfigure(): void {
    this.isConfigured = false;
  }

  afterConfigure(): void {
    this.isConfigured = true;
  }

  protected runsForAll(onProgress?: (progress: Progress) => void): BuildRun[] {
    return this.runsForTargets([], onProgress);
  }

  protected runsForTargets(names: readonly string[], onProgress?: (progress: Progress) => void): BuildRun[] {
    return [this.runOf([...(this.isConfigured ? [] : ["-f", "CMakeFiles/Makefile2"]), ...names], onProgress)];
  }

  protected runsFor(objects: readonly ObjectPath[], onProgress?: (progress: Progress) => void): BuildRun[] {
    mkdirSync(join(this.buildDir, ".hotreload"), { recursive: true, mode: 0o700 });
    writeFileSync(join(this.buildDir, MAKEFILE), this.makefileFor(objects));
    return [this.runOf(["-f", MAKEFILE], onProgress)];
  }

  private runOf(args: readonly string[], onProgress?: (progress: Progress) => void): BuildRun {
    const jobs = `-j${availableParallelism() + 2}`;
    return { args: [jobs, "-O", "--no-print-directory", ...args], output: new MakeOutput(onProgress) };
  }

  private makefileFor(objects: readonly ObjectPath[]): string {
    const byTarget = new Map<string, ObjectPath[]>();
    for (const object of objects) {
      const directory = targetDirectory(object);
      byTarget.set(directory, [...(byTarget.get(directory) ?? []), object]);
    }
    const order = readMakeOrder(join(this.buildDir, "CMakeFiles/Makefile2"));
    const generators = new Set([...byTarget.keys()].flatMap((directory) => this.generatorsOf(directory, order)));
    const make = (file: string, targets: readonly string[]): string =>
      `\t+$(MAKE) --no-print-directory -f ${quoted(file)} ${targets.map(quoted).join(" ")}\n`;
    const names = [...byTarget.keys()].map((_, index) => `objects_${index}`);
    const parts = [
      `all: ${names.join(" ")}\n`,
      `.PHONY: all generators ${names.join(" ")}\n`,
      "generators:\n",
      ...(generators.size > 0
        ? [
            make(
              "CMakeFiles/Makefile2",
              [...generators].map((each) => `${each}/all`),
            ),
          ]
        : []),
    ];
    for (const [index, [directory, own]] of [...byTarget].entries()) {
      const file = `${directory}/build.make`;
      parts.push(`objects_${index}: generators\n`);
      parts.push(make(file, [`${directory}/depend`]));
      for (const some of chunks(own, this.argumentBytes)) parts.push(make(file, some));
    }
    return parts.join("");
  }

  /** Of the targets that are built before this one, those that are programs or make no code: they may generate sources. */
  private generatorsOf(directory: string, order: ReadonlyMap<string, readonly string[]>): string[] {
    const seen = new Set<string>();
    const queue = [...(order.get(directory) ?? [])];
    for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
      if (seen.has(next)) continue;
      seen.add(next);
      queue.push(...(order.get(next) ?? []));
    }
    return [...seen].filter((each) => !isLibrary(join(this.buildDir, each, "build.make")));
  }
}

/** The directory of the target that an object belongs to: what stands before its own name. */
function targetDirectory(object: ObjectPath): string {
  return /^(.*CMakeFiles\/[^/]+\.dir)\//.exec(object)?.[1] ?? "";
}

/** It has objects and no program: what it makes is linked, and generates nothing. */
function isLibrary(file: string): boolean {
  const text = readFileSync(file, "utf8");
  return text.includes("\n# Object files for target ") && !/"Linking \w+ executable /.test(text);
}

/** For a recipe: quoted for the shell, and its dollars for make. */
function quoted(path: string): string {
  return `'${path.replaceAll("'", "'\\''").replaceAll("$", "$$$$")}'`;
}
