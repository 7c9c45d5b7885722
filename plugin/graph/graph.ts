// The build graph: from a saved file to the objects that depend on it, and from an object to its modules.
import type { Result } from "../errors.js";

/** Path of an object as ninja names it: relative to the build directory, or absolute where ninja has it so. */
export type ObjectPath = string;

export interface Target {
  readonly name: string;
  readonly type:
    | "EXECUTABLE"
    | "SHARED_LIBRARY"
    | "MODULE_LIBRARY"
    | "STATIC_LIBRARY"
    | "OBJECT_LIBRARY"
    | "INTERFACE_LIBRARY"
    | "UTILITY";
  /** Absolute paths of the files that it produces, the main one first. */
  readonly artifacts: readonly string[];
}

export interface BuildGraph {
  /** Absolute, symbolic links resolved. */
  readonly buildDir: string;
  readonly sourceDir: string;
  readonly projectName: string;
  readonly targets: readonly Target[];
  /** Absolute paths of the files whose edit can change an object or the graph; system headers are left out. */
  readonly watchedFiles: readonly string[];
  /** Objects to rebuild after an edit of these files (absolute paths), in the order of build.ninja. */
  affectedObjects(files: readonly string[]): ObjectPath[];
  /** Absolute paths of the files that are generated from these, directly or not, without objects and what is linked. */
  generatedFrom(files: readonly string[]): string[];
  /** True for CMakeLists.txt, *.cmake, presets: an edit means that CMake must run again. */
  isConfigureInput(file: string): boolean;
  /** True if the build lists directories anew (file(GLOB ... CONFIGURE_DEPENDS)): a file that appears may belong to it. */
  readonly hasGlobs: boolean;
  /** Real paths of the directories where such globs look, as they are at this moment. */
  globDirectories(): readonly string[];
  /** Absolute paths of the executables and shared libraries that an object is linked into, through archives. */
  modulesOf(object: ObjectPath): readonly string[];
  /** The objects that are linked into a module (absolute path), in link order; [] for a file that is no module. */
  objectsOf(module: string): readonly ObjectPath[];
  /** The command that makes an object or a module, as ninja would run it; undefined for what it does not build. */
  commandOf(output: string): string | undefined;
  /** Absolute path of an object. */
  resolve(object: ObjectPath): string;
  /** Reads .ninja_deps again, after a build; the graph itself changes only by loading anew. */
  refreshDeps(): Promise<Result<void>>;
}
