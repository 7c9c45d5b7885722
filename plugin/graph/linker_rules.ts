// The targets of a build directory as it is, whose CMake nobody has asked for them: from its linker rules and its cache.
//
// CMake's Ninja generator names the rule of a link after what it makes: `CXX_EXECUTABLE_LINKER__server_Debug` (CMake
// 3.16 to 4.1, cmNinjaNormalTargetGenerator::LanguageLinkerRule). A graph that comes of it knows the same objects and
// modules as one that the File API answers for; names of targets with unusual characters are as the rule has them.
import { resolve } from "node:path";
import { failure, type Result, success } from "../errors.js";
import { readCache } from "./cmake_cache.js";
import type { BuildStatements } from "./edges.js";
import type { CodeModel } from "./file_api.js";
import type { Target } from "./graph.js";

const LINKER_RULE = /^\w+?_(EXECUTABLE|SHARED_LIBRARY|MODULE_LIBRARY|STATIC_LIBRARY)_LINKER__(.+)_[^_]*$/;

/** @returns E_GRAPH if it was not made by CMake for Ninja */
export function readLinkerRules(buildDir: string, { edges }: BuildStatements): Result<CodeModel> {
  const cache = readCache(buildDir);
  const generator = cache.get("CMAKE_GENERATOR");
  const sourceDir = cache.get("CMAKE_HOME_DIRECTORY");
  const cmakeRoot = cache.get("CMAKE_ROOT");
  if (sourceDir === undefined || cmakeRoot === undefined) {
    return failure("E_GRAPH", "has no CMakeCache.txt: it is no build directory of CMake", { file: buildDir });
  }
  if (generator !== "Ninja") {
    return failure(
      "E_GRAPH",
      `is built by ${generator}: only what CMake's generator Ninja made can be taken as it is`,
      {
        file: buildDir,
      },
    );
  }
  const targets = edges.flatMap((edge): Target[] => {
    const [, type, name] = LINKER_RULE.exec(edge.rule ?? "") ?? [];
    if (type === undefined || name === undefined) return [];
    return [{ name, type: type as Target["type"], artifacts: edge.outputs.map((output) => resolve(buildDir, output)) }];
  });
  return success({
    sourceDir,
    buildDir: cache.get("CMAKE_CACHEFILE_DIR") ?? buildDir,
    cmakeRoot,
    projectName: cache.get("CMAKE_PROJECT_NAME") ?? "",
    targets,
  });
}
