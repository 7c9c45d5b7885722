// A project in a fresh directory, configured by CMake for Ninja, and ninja in its build directory.

import { join } from "node:path";
import { writeFileApiQuery } from "../../plugin/graph/file_api.js";
import type { Files } from "../e2e/workspace.js";
import { Space } from "../graph/space.js";

export interface ConfiguredProject {
  /** Holds `source` and `build`. */
  readonly space: Space;
  readonly sourceDir: string;
  readonly buildDir: string;
  /** Standard output of ninja, which must succeed. */
  ninja(...parameters: string[]): string;
}

export interface ConfigureOptions {
  /** Directory of the CMakeLists.txt among the files. */
  readonly project?: string;
  /** CMake variables; a function is given the directory that holds the files. */
  readonly define?: Readonly<Record<string, string | ((sources: string) => string)>>;
  /** What files cannot say: modes, symbolic links. @param sources the directory that holds them */
  readonly prepare?: (sources: string) => void;
}

export async function configureProject(files: Files, options: ConfigureOptions = {}): Promise<ConfiguredProject> {
  const { project = ".", define = {}, prepare } = options;
  const space = new Space();
  const sources = join(space.path, "source");
  for (const [name, text] of Object.entries(files)) space.write(join("source", name), text);
  prepare?.(sources);
  const buildDir = join(space.path, "build");
  await writeFileApiQuery(buildDir);
  const definitions = Object.entries(define).map(([name, value]) => {
    return `-D${name}=${typeof value === "string" ? value : value(sources)}`;
  });
  space.run("build", "cmake", "-G", "Ninja", ...definitions, join(sources, project));
  return {
    space,
    sourceDir: join(sources, project),
    buildDir,
    ninja: (...parameters) => space.run("build", "ninja", ...parameters),
  };
}
