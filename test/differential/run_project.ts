// The seeds of one project, in turn, each with another compiler or level of optimisation.

import path from "node:path";
import { projects } from "./projects.js";
import { type Edit, runSession } from "./session.js";

export interface ProjectRun {
  readonly name: string;
  readonly from: number;
  readonly seeds: number;
  readonly edits: number;
  /** Of optimisation, in turn; a project may have its own. */
  readonly levels?: readonly string[];
  /** Holds a directory for each project and configuration, which is used again. */
  readonly directory: string;
}

const compilers = [
  ["gcc", "g++"],
  ["clang", "clang++"],
] as const;
const usualLevels = ["-O0", "-O2"] as const;

export async function* runProject(run: ProjectRun): AsyncGenerator<Edit> {
  const { name, from, seeds, edits, directory } = run;
  const project = projects[name];
  if (!project) throw new Error(`there is no project ${name}, but ${Object.keys(projects).join(", ")}`);
  const files = project.files();
  const levels = project.levels ?? run.levels ?? usualLevels;
  for (let seed = from; seed < from + seeds; seed++) {
    const [c, cxx] = compilers[seed % 2] ?? compilers[0];
    const level = levels[(seed >> 1) % levels.length] ?? "-O0";
    const configuration = `${c} ${level}`;
    yield* runSession({
      project: name,
      files,
      edits: project.edits,
      configuration,
      define: {
        CMAKE_C_COMPILER: c,
        CMAKE_CXX_COMPILER: cxx,
        CMAKE_BUILD_TYPE: "",
        CMAKE_C_FLAGS: level,
        CMAKE_CXX_FLAGS: level,
      },
      directory: path.join(directory, name, configuration.replace(" ", "")),
      seed,
      count: edits,
    });
  }
}
