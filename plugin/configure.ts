// Lets CMake configure a project for reloading: with our module, and only when something asks for it.

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, realpathSync, statSync, writeFileSync } from "node:fs";
import { delimiter, isAbsolute, join, resolve } from "node:path";
import { startCommand } from "./command.js";
import { failure, type Result, success } from "./errors.js";
import { readCache } from "./graph/cmake_cache.js";
import { GLOB_SCRIPT } from "./graph/configure_inputs.js";
import { writeFileApiQuery } from "./graph/file_api.js";
import { cmakeFolder } from "./package_root.js";

export interface ConfigureOptions {
  /** Directory of the project's top CMakeLists.txt. */
  readonly sourceDir: string;
  readonly buildDir: string;
  /** `NAME=VALUE` or `NAME:TYPE=VALUE`, as after cmake's -D. */
  readonly definitions: readonly string[];
  /** A configure preset of the project, and a generator, as after cmake's --preset and -G. */
  readonly preset?: string;
  readonly generator?: string;
  /** Called before CMake runs, which takes from half a second up. */
  readonly onStart?: () => void;
  /** Its abort ends CMake. */
  readonly signal?: AbortSignal;
}

export interface Configured {
  readonly generator: string;
  /** The ninja or make that CMake found. */
  readonly program: string;
}

const DEFAULT_GENERATOR = "Ninja";
const GENERATORS: readonly string[] = [DEFAULT_GENERATOR, "Ninja Multi-Config", "Unix Makefiles"];

/** Directories of a project, made absolute; E_PROJECT if there is none. */
export function findProject(dir: string): Result<string> {
  const sourceDir = resolve(dir);
  if (!existsSync(sourceDir) || !statSync(sourceDir).isDirectory()) {
    return failure("E_PROJECT", `There is no directory ${sourceDir}.`);
  }
  if (!existsSync(join(sourceDir, "CMakeLists.txt"))) {
    return failure("E_PROJECT", `${sourceDir} has no CMakeLists.txt: hotreload works on CMake projects.`);
  }
  return success(sourceDir);
}

/**
 * Runs CMake if the build or the cache is missing, or if the options are not those of the last time, or come from a
 * preset; the build tool itself runs CMake again when a CMakeLists.txt changed. E_PROJECT, E_REFUSED, E_CONFIGURE with CMake's own text, E_TOOL.
 */
export async function configure(options: ConfigureOptions): Promise<Result<Configured>> {
  const { buildDir } = options;
  const stamp = join(buildDir, ".hotreload", "configured");
  const digest = digestOf(options);
  const done =
    options.preset === undefined &&
    ["build.ninja", "Makefile"].some((file) => existsSync(join(buildDir, file))) &&
    existsSync(join(buildDir, "CMakeCache.txt")) &&
    existsSync(stamp) &&
    readFileSync(stamp, "utf8") === digest;
  if (!done) {
    options.onStart?.();
    const result = await runCMake(options);
    if (!result.ok) return result;
    mkdirSync(join(buildDir, ".hotreload"), { recursive: true, mode: 0o700 });
    writeFileSync(stamp, digest, { mode: 0o600 });
  }
  const cache = readCache(buildDir);
  const generator = cache.get("CMAKE_GENERATOR") ?? DEFAULT_GENERATOR;
  if (!GENERATORS.includes(generator)) {
    return failure("E_CONFIGURE", `${buildDir} is built by ${generator}; use one of: ${GENERATORS.join(", ")}.`);
  }
  const usual = generator === "Unix Makefiles" ? "make" : "ninja";
  return success({ generator, program: cache.get("CMAKE_MAKE_PROGRAM") || usual });
}

/** Runs CMake, whatever was there before: after an edit of a CMakeLists.txt. E_REFUSED, E_CONFIGURE, E_TOOL. */
export async function runCMake(options: ConfigureOptions): Promise<Result<void>> {
  mkdirSync(options.buildDir, { recursive: true });
  await writeFileApiQuery(options.buildDir);
  const version = await cmakeVersion(options.preset === undefined && options.generator === undefined);
  if (!version.ok) return version;
  const preset = await presetVariables(options);
  if (!preset.ok) return preset;
  const finished = await startCommand("cmake", cmakeArguments(options, version.value, preset.value), {
    // Where neither the user, nor a preset, nor the cache has chosen one.
    env: { CMAKE_GENERATOR: DEFAULT_GENERATOR, ...process.env },
    signal: options.signal,
  }).finished;
  if (!finished.ok) return finished;
  const { code, signal, stdout, stderr } = finished.value;
  if (code === 0) return success(undefined);
  const refusal = /^ *HotReload: (.*)$/m.exec(stderr)?.[1];
  if (refusal !== undefined) return failure("E_REFUSED", refusal);
  return failure("E_CONFIGURE", `cmake ended with ${signal ?? `exit code ${code}`}`, {
    detail: (stderr.trim() === "" ? stdout : stderr).trimEnd(),
  });
}

/** True if a CONFIGURE_DEPENDS glob finds other files than when CMake ran. Only for a graph that has globs. E_TOOL. */
export async function globsDiffer(buildDir: string): Promise<Result<boolean>> {
  const finished = await startCommand("cmake", ["-P", join(buildDir, GLOB_SCRIPT)]).finished;
  if (!finished.ok) return finished;
  return success(`${finished.value.stdout}${finished.value.stderr}`.includes("GLOB mismatch"));
}

/** The argument array for cmake. Values that the user or the cache has are kept: ours are appended. */
export function cmakeArguments(
  options: ConfigureOptions,
  version: readonly [number, number],
  preset: ReadonlyMap<string, string> = new Map(),
): string[] {
  const cache = readCache(options.buildDir);
  const given = new Map(preset);
  for (const definition of options.definitions) {
    const { name, value } = splitDefinition(definition);
    given.set(name, value);
  }
  const present = (name: string): string => given.get(name) ?? cache.get(name) ?? "";
  const folder = cmakeFolder();
  const ours = new Map<string, string>();
  const module = join(folder, "HotReload.cmake");
  // CMAKE_PROJECT_TOP_LEVEL_INCLUDES came with CMake 3.24; before it there is one file for every project().
  if (version[0] > 3 || version[1] >= 24) {
    ours.set("CMAKE_PROJECT_TOP_LEVEL_INCLUDES", withElement(present("CMAKE_PROJECT_TOP_LEVEL_INCLUDES"), module));
  } else {
    ours.set("CMAKE_PROJECT_INCLUDE", present("CMAKE_PROJECT_INCLUDE") || module);
  }
  // For include(HotReload) in the project.
  ours.set("CMAKE_MODULE_PATH", withElement(present("CMAKE_MODULE_PATH"), folder));
  if (!given.has("CMAKE_BUILD_TYPE") && !cache.get("CMAKE_BUILD_TYPE")) ours.set("CMAKE_BUILD_TYPE", "Debug");
  return [
    "-S",
    sourceOf(options, cache),
    "-B",
    options.buildDir,
    ...(options.preset === undefined ? [] : ["--preset", options.preset]),
    ...(options.generator === undefined ? [] : ["-G", options.generator]),
    ...options.definitions.filter((definition) => !ours.has(splitDefinition(definition).name)).map((d) => `-D${d}`),
    ...[...ours].map(([name, value]) => `-D${name}=${value}`),
  ];
}

/** The cache variables that a preset sets, as CMake lists them. E_CONFIGURE, E_TOOL. */
async function presetVariables({ sourceDir, preset }: ConfigureOptions): Promise<Result<Map<string, string>>> {
  const variables = new Map<string, string>();
  if (preset === undefined) return success(variables);
  const finished = await startCommand("cmake", ["-S", sourceDir, "--preset", preset, "-N"]).finished;
  if (!finished.ok) return finished;
  const { code, stdout, stderr } = finished.value;
  if (code !== 0) return failure("E_CONFIGURE", `CMake does not take the preset ${preset}`, { detail: stderr.trim() });
  const [list = ""] = stdout.split(/^Preset environment variables:$/m);
  for (const [, name = "", value = ""] of list.matchAll(/^ {2}([^:="\n]+)(?::[A-Z]+)?="(.*)"$/gm)) {
    variables.set(name, value);
  }
  return success(variables);
}

function splitDefinition(definition: string): { name: string; value: string } {
  const equals = definition.indexOf("=");
  const [name = ""] = definition.slice(0, equals < 0 ? undefined : equals).split(":");
  return { name, value: equals < 0 ? "" : definition.slice(equals + 1) };
}

function withElement(list: string, element: string): string {
  if (list === "") return element;
  return list.split(";").includes(element) ? list : `${list};${element}`;
}

/** CMake refuses a cache of the same directory under another name: keep the name that it knows. */
function sourceOf(options: ConfigureOptions, cache: ReadonlyMap<string, string>): string {
  const known = cache.get("CMAKE_HOME_DIRECTORY");
  if (known === undefined || !existsSync(known)) return options.sourceDir;
  return realpathSync(known) === realpathSync(options.sourceDir) ? known : options.sourceDir;
}

async function cmakeVersion(needsNinja: boolean): Promise<Result<[number, number]>> {
  const finished = await startCommand("cmake", ["--version"]).finished;
  if (!finished.ok) {
    return failure(
      "E_TOOL",
      "cmake cannot be started: install it (Debian, Ubuntu: apt-get install cmake ninja-build).",
    );
  }
  const match = /version (\d+)\.(\d+)/.exec(finished.value.stdout);
  if (match === null) return failure("E_TOOL", "cmake --version does not name a version.");
  if (needsNinja && !ninjaExists(process.env.PATH ?? "")) {
    return failure("E_TOOL", "ninja cannot be found: install it (Debian, Ubuntu: apt-get install ninja-build).");
  }
  return success([Number(match[1]), Number(match[2])]);
}

function ninjaExists(path: string): boolean {
  const folders = path.split(delimiter).filter((folder) => isAbsolute(folder));
  return folders.some((folder) => ["ninja", "ninja-build"].some((name) => existsSync(join(folder, name))));
}

function digestOf(options: ConfigureOptions): string {
  const text = JSON.stringify([cmakeFolder(), realpathSync(options.sourceDir), options.definitions, options.generator]);
  return createHash("sha256").update(text).digest("hex");
}
