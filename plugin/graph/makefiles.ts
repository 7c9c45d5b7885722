// The build of CMake's Unix Makefiles generator as build statements like those of build.ninja.
//
// Each target has a directory with a build.make (CMakeFiles/TargetDirectories.txt lists them), which holds the rules of
// its objects, of its link, and of the custom commands that it needs. Compilers leave a depfile beside each object.
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { failure, type Result, success } from "../errors.js";
import type { BuildStatement, BuildStatements } from "./edges.js";
import { type MakeRule, readMakeRules } from "./make_rules.js";

/** The directories of the targets, relative to the build directory. */
export function readTargetDirectories(buildDir: string): string[] {
  const file = join(buildDir, "CMakeFiles/TargetDirectories.txt");
  const lines = existsSync(file) ? readFileSync(file, "utf8").split("\n") : [];
  return lines
    .filter((line) => line !== "" && existsSync(join(line, "build.make")))
    .map((line) => relative(buildDir, line));
}

/** @returns E_GRAPH if there are no makefiles of CMake */
export function readMakefiles(buildDir: string): Result<BuildStatements> {
  const inputs = join(buildDir, "CMakeFiles/Makefile.cmake");
  if (!existsSync(inputs)) return failure("E_GRAPH", "there is no Makefile of CMake: configure", { file: buildDir });
  const edges: BuildStatement[] = [generatorStatement(readFileSync(inputs, "utf8"))];
  const made = new Set<string>();
  for (const directory of readTargetDirectories(buildDir)) {
    const flags = readIfThere(join(buildDir, directory, "flags.make"));
    const link = readIfThere(join(buildDir, directory, "link.txt"));
    for (const rule of readMakeRules(join(buildDir, directory, "build.make"))) {
      // Custom commands stand in the makefile of each target that needs them.
      if (made.has(rule.target) || isListing(rule)) continue;
      made.add(rule.target);
      edges.push(statementOf(rule, directory, flags, link));
    }
  }
  return success({ edges, variables: new Map() });
}

/** Preprocessed and assembler listings, made on demand only. */
function isListing({ dependencies }: MakeRule): boolean {
  return dependencies.includes("cmake_force");
}

function statementOf(rule: MakeRule, directory: string, flags: string, link: string): BuildStatement {
  const dependencies = rule.dependencies.filter((path) => !isBookkeeping(path, directory));
  const objects = dependencies.filter((path) => path.endsWith(".o"));
  const isCompiled = rule.dependencies.includes(`${directory}/flags.make`);
  const isLinked = rule.dependencies.includes(`${directory}/link.txt`);
  const bindings: Record<string, string> = {
    command: [rule.recipe, isCompiled ? flags : "", isLinked ? link : ""].filter((text) => text !== "").join("\n"),
    depfile: isCompiled ? `${rule.target}.d` : "",
  };
  return {
    outputs: [rule.target],
    implicitOutputs: [],
    // As in build.ninja: a link takes its objects by name, and libraries are there to be newer.
    inputs: isLinked ? objects : dependencies,
    implicitInputs: isLinked ? dependencies.filter((path) => !path.endsWith(".o")) : [],
    isPhony: false,
    get: (name) => bindings[name] ?? "",
  };
}

function isBookkeeping(path: string, directory: string): boolean {
  return dirname(path) === directory && /\/(build|flags|compiler_depend|depend)\.make$|\.ts$|\/link\.txt$/.test(path);
}

/** What CMake reads, as an edge that makes the Makefile. */
function generatorStatement(text: string): BuildStatement {
  const list = /set\(CMAKE_MAKEFILE_DEPENDS\n([^)]*)\)/.exec(text)?.[1] ?? "";
  const inputs = [...list.matchAll(/"((?:\\.|[^"\\])*)"/g)].map((match) =>
    (match[1] as string).replace(/\\(.)/g, "$1"),
  );
  return {
    outputs: ["Makefile"],
    implicitOutputs: [],
    inputs,
    implicitInputs: [],
    isPhony: false,
    get: (name) => (name === "generator" ? "1" : ""),
  };
}

function readIfThere(file: string): string {
  return existsSync(file) ? readFileSync(file, "utf8") : "";
}
