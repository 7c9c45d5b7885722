// Asks CMake for its targets and reads the answer: CMake File API, version 1, object kind codemodel, version 2.
//
// https://cmake.org/cmake/help/latest/manual/cmake-file-api.7.html
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { failure, type Problem, type Result, success } from "../errors.js";
import type { Target } from "./graph.js";

export interface CodeModel {
  /** Absolute, as CMake spells them. */
  readonly sourceDir: string;
  readonly buildDir: string;
  /** Where CMake's own modules are, absolute. */
  readonly cmakeRoot: string;
  /** Name of the top-level project. */
  readonly projectName: string;
  /** The targets of one configuration, where the generator has several. */
  readonly targets: readonly Target[];
}

const api = ".cmake/api/v1";

/** Writes the question that CMake answers whenever it configures the directory; to be written before it does. */
export async function writeFileApiQuery(buildDir: string): Promise<Result<void>> {
  const directory = join(buildDir, api, "query", "client-hotreload");
  const file = join(directory, "codemodel-v2");
  try {
    await mkdir(directory, { recursive: true });
    await writeFile(file, "");
  } catch (error) {
    return failure("E_FILE_API", `the query for CMake cannot be written: ${(error as Error).message}`, { file });
  }
  return success(undefined);
}

/**
 * @param configuration its name, where the generator has several; else the first
 * @returns E_FILE_API if there is no answer yet, or none that can be read
 */
export async function readFileApi(buildDir: string, configuration?: string): Promise<Result<CodeModel>> {
  const directory = join(buildDir, api, "reply");
  try {
    const index = await newestIndex(directory);
    if (index === undefined) {
      const message = "CMake has not been asked about its targets yet: run `cmake .` in this directory, then try again";
      return failure("E_FILE_API", message, { file: buildDir });
    }
    return success(await readCodeModel(directory, index, configuration));
  } catch (error) {
    if (error instanceof ReplyFault) return { ok: false, problem: error.problem };
    throw error;
  }
}

/** CMake may be writing a new answer: the index that sorts last is the one that counts. */
async function newestIndex(directory: string): Promise<string | undefined> {
  const names = await readdir(directory).catch(() => []);
  const indices = names.filter((name) => name.startsWith("index-") && name.endsWith(".json"));
  return indices.sort().at(-1);
}

async function readCodeModel(directory: string, indexName: string, wanted: string | undefined): Promise<CodeModel> {
  const index = await readJson(directory, indexName);
  const object = index.list("objects").find((entry) => {
    return entry.text("kind") === "codemodel" && entry.child("version").number("major") === 2;
  });
  if (!object) throw index.fault("has no codemodel of version 2; run `cmake .` in the build directory");
  const model = await readJson(directory, object.text("jsonFile"));
  const buildDir = model.child("paths").text("build");
  const configurations = model.list("configurations");
  const named = wanted === undefined ? undefined : configurations.find((each) => each.text("name") === wanted);
  const configuration = named ?? configurations[0];
  const project = configuration?.list("projects").find((entry) => !entry.has("parentIndex"));
  if (!configuration || !project) throw model.fault("has no project");
  const names = configuration.list("targets").map((target) => target.text("jsonFile"));
  const targets = await Promise.all(names.map(async (name) => targetOf(await readJson(directory, name), buildDir)));
  return {
    sourceDir: model.child("paths").text("source"),
    buildDir,
    cmakeRoot: index.child("cmake").child("paths").text("root"),
    projectName: project.text("name"),
    targets,
  };
}

const types: readonly string[] = [
  "EXECUTABLE",
  "SHARED_LIBRARY",
  "MODULE_LIBRARY",
  "STATIC_LIBRARY",
  "OBJECT_LIBRARY",
  "INTERFACE_LIBRARY",
  "UTILITY",
] satisfies Target["type"][];

function targetOf(reply: Reply, buildDir: string): Target {
  const type = reply.text("type");
  if (!types.includes(type)) throw reply.fault(`has a target of the unknown type ${type}`);
  const artifacts = reply.has("artifacts") ? reply.list("artifacts") : [];
  return {
    name: reply.text("name"),
    type: type as Target["type"],
    artifacts: artifacts.map((artifact) => resolve(buildDir, artifact.text("path"))),
  };
}

async function readJson(directory: string, name: string): Promise<Reply> {
  const file = join(directory, name);
  try {
    return new Reply(file, JSON.parse(await readFile(file, "utf8")));
  } catch (error) {
    throw new ReplyFault(file, `cannot be read: ${(error as Error).message}`);
  }
}

/** Carries a Problem out of the readers of this file; it does not leave them. */
class ReplyFault extends Error {
  readonly problem: Problem;

  constructor(file: string, what: string) {
    super(what);
    this.problem = failure("E_FILE_API", `the reply of the CMake File API ${what}`, { file }).problem;
  }
}

/** A JSON value of the reply whose parts are checked when they are taken out. */
class Reply {
  constructor(
    private readonly file: string,
    private readonly value: unknown,
    private readonly where = "",
  ) {}

  fault(what: string): ReplyFault {
    return new ReplyFault(this.file, what);
  }

  has(key: string): boolean {
    return this.part(key) !== undefined;
  }

  text(key: string): string {
    const value = this.part(key);
    return typeof value === "string" ? value : this.missing(key, "text");
  }

  number(key: string): number {
    const value = this.part(key);
    return typeof value === "number" ? value : this.missing(key, "number");
  }

  list(key: string): Reply[] {
    const value = this.part(key);
    if (!Array.isArray(value)) return this.missing(key, "list");
    return value.map((entry, index) => new Reply(this.file, entry, `${this.where}${key}[${index}].`));
  }

  child(key: string): Reply {
    const value = this.part(key);
    if (typeof value !== "object" || value === null) return this.missing(key, "object");
    return new Reply(this.file, value, `${this.where}${key}.`);
  }

  private part(key: string): unknown {
    if (typeof this.value !== "object" || this.value === null) return undefined;
    return Object.hasOwn(this.value, key) ? (this.value as Record<string, unknown>)[key] : undefined;
  }

  private missing(key: string, what: string): never {
    throw this.fault(`has no ${what} at ${this.where}${key}`);
  }
}
