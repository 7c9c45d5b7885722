// Interface only for now: keeps what every process runs, and makes the patch that brings a process up to date.
import type { Problem, Result } from "./errors.js";
import type { BuildGraph, ObjectPath } from "./graph/graph.js";
import type { AppliedLibrary, AppliedPatch, LoadedModule, ReservedRange } from "./process.js";

/** A connected process as the patcher needs to know it; the newest survey counts. */
export interface ProcessView {
  readonly pid: number;
  readonly startTime: number;
  readonly modules: readonly LoadedModule[];
  readonly ranges: readonly ReservedRange[];
  readonly applied: readonly AppliedPatch[];
}

export interface Patch {
  readonly number: number;
  /** Absolute paths of the patch libraries, one for each module that changed. */
  readonly libraries: readonly string[];
  /** Demangled names of the functions replaced; new functions; new variables. */
  readonly functions: readonly string[];
  readonly addedFunctions: readonly string[];
  readonly variables: readonly string[];
  /** What the user should know although the patch is right: an initializer that was not run again, say. */
  readonly notes: readonly string[];
  /** Milliseconds. */
  readonly ms: { readonly diff: number; readonly link: number; readonly bind: number };
}

export type Update =
  | { readonly kind: "hot"; readonly patch: Patch }
  | { readonly kind: "unchanged" }
  | { readonly kind: "restartNeeded"; readonly reasons: readonly Problem[] };

export interface Patcher {
  /** The graph was loaded anew. */
  setGraph(graph: BuildGraph): void;
  /** Call before ninja builds these objects: sets the present object files aside, since processes run their code. */
  beforeBuild(objects: readonly ObjectPath[]): Promise<Result<void>>;
  /** Call after ninja ended, however it ended: what it did not write is put back. */
  afterBuild(objects: readonly ObjectPath[]): Promise<Result<void>>;
  /** Call after a full build that linked all modules, before the program starts. */
  afterFullBuild(): Promise<Result<void>>;
  /** True if the module (path, build-id) is one of the project's. Ranges must be reserved near these. */
  isProjectModule(module: LoadedModule): boolean;
  /** What would bring this process to the state of the objects on disk. Changes nothing. */
  update(process: ProcessView): Promise<Update>;
  /** The process acknowledged the patch. */
  commit(process: ProcessView, patch: Patch, libraries: readonly AppliedLibrary[]): Promise<Result<void>>;
  /** The process is gone: forget it and delete its patch files. */
  forget(process: Pick<ProcessView, "pid" | "startTime">): Promise<void>;
}

/** @param stateDir `<build>/.hotreload`, 0700 */
export type OpenPatcher = (graph: BuildGraph, stateDir: string) => Promise<Result<Patcher>>;
