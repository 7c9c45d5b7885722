// An unprepared process that joins development: one patch for each of its modules brings it to the objects on disk.
//
// A patch is the difference between the objects as they were linked and as they are now, all that changed in one image,
// so that new functions and variables are known to all of it. The next one takes the place of the one before in one
// commit, and where nothing differs any more that one is taken back: a process has at most one for each module, and its
// calls at most one jump. Which versions a patch brought is in the patch, in the process's own memory.
import { mkdirSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { type Code, failure, type Problem, type Result, success } from "../errors.js";
import type { ObjectPath } from "../graph/graph.js";
import { linkOrCopy, type Version } from "../object_versions.js";
import type { OldCode } from "../old_code.js";
import type { AttachedBuild, AttachedModule } from "./attached_build.js";
import { compareUnits, isEmpty, isSame, notesOf, type Unit } from "./attached_units.js";
import { makePatch, readable } from "./gen.js";
import type { Injector } from "./inject.js";
import { type PatchFile, sealPatch } from "./patch_file.js";
import { applyPatch, type Interruption, type ProcessPatch, surveyProcess, takeBack } from "./process_patches.js";

export interface AttachedOptions {
  readonly pid: number;
  readonly timeoutMs: number;
  /** Changes of objects without debug information are taken, although a changed type cannot be seen in them. */
  readonly trustTypes: boolean;
  readonly inject: Injector;
}

/** Names as the user knows them. */
export interface AttachedChange {
  readonly functions: readonly string[];
  readonly added: readonly string[];
  readonly variables: readonly string[];
  readonly notes: readonly string[];
}

export type AttachedUpdate =
  | (AttachedChange & {
      readonly kind: "hot";
      /** How many patches the process has, with this one. */
      readonly patch: number;
      /** Milliseconds. */
      readonly diffMs: number;
      readonly applyMs: number;
      readonly stoppedMs: number;
      readonly attempts: number;
      /** What threads may still be in of the functions that changed. */
      readonly oldCode: readonly OldCode[];
    })
  | { readonly kind: "unchanged"; readonly notes: readonly string[] }
  /** The process cannot take the change. */
  | { readonly kind: "refused"; readonly reasons: readonly Problem[] }
  /** It could not be done now. */
  | { readonly kind: "failed"; readonly problem: Problem }
  | { readonly kind: "exited" };

/** What is to be done to one module. `patch` undefined: what it has is taken back. */
interface Step extends AttachedChange {
  readonly kind: "step";
  readonly patch: PatchFile | undefined;
  readonly applied: readonly ProcessPatch[];
  /** That the module runs afterwards, of the objects that are not as they were linked. */
  readonly versions: Readonly<Record<ObjectPath, Version>>;
}

type StepOutcome = Step | Extract<AttachedUpdate, { kind: "unchanged" | "refused" }>;

const GONE: ReadonlySet<Code> = new Set(["E_EXITED", "E_PROCESS"]);

export class AttachedProcess {
  #modules: readonly AttachedModule[];
  readonly #build: AttachedBuild;
  readonly #options: AttachedOptions;
  /** Has the files of the modules under their own names. */
  readonly #directory: string;

  constructor(build: AttachedBuild, modules: readonly AttachedModule[], options: AttachedOptions) {
    this.#build = build;
    this.#modules = modules;
    this.#options = options;
    this.#directory = join(build.graph.buildDir, ".hotreload", `attach-${options.pid}`);
  }

  /** Paths of the modules of the build that the process had loaded when it was looked at last. */
  get modules(): readonly string[] {
    return this.#modules.map(({ path }) => path);
  }

  /** Deletes what was only needed to make patches. */
  close(): void {
    rmSync(this.#directory, { recursive: true, force: true });
  }

  /** Brings the process to the state of the objects on disk, as they were kept last. */
  async update(): Promise<AttachedUpdate> {
    const start = performance.now();
    const { pid, inject } = this.#options;
    const survey = await surveyProcess(pid, inject);
    if (!survey.ok)
      return GONE.has(survey.problem.code) ? { kind: "exited" } : { kind: "failed", problem: survey.problem };
    const applied = survey.value.patches.filter(({ state }) => state === "applied");
    const foreign = foreignPatch(applied);
    if (foreign !== undefined) return { kind: "failed", problem: foreign };
    const modules = await this.#build.modulesOf(survey.value.modules); // it may have opened a plugin
    if (!modules.ok) return { kind: "failed", problem: modules.problem };
    this.#modules = modules.value;
    const steps: Step[] = [];
    const reasons: Problem[] = [];
    const notes: string[] = [];
    const running: Readonly<Record<ObjectPath, Version>>[] = [];
    for (const module of this.#modules) {
      const own = survey.value.patches.filter(({ buildId, state }) => buildId === module.buildId && state !== "loaded");
      const step = await this.#stepOf(module, own);
      if (step.kind === "refused") reasons.push(...step.reasons);
      else if (step.kind === "unchanged") notes.push(...step.notes);
      else steps.push(step);
      running.push(step.kind === "step" ? step.versions : (newestOf(own)?.versions ?? {}));
    }
    if (reasons.length > 0) return { kind: "refused", reasons: uniqueProblems(reasons) };
    if (steps.length === 0) return { kind: "unchanged", notes: unique(notes) };
    const diffMs = performance.now() - start;
    const done: Interruption[] = [];
    for (const [index, step] of steps.entries()) {
      const result = await this.#carryOut(step);
      if (result.ok) {
        done.push(result.value);
        continue;
      }
      if (GONE.has(result.problem.code)) return { kind: "exited" };
      return { kind: "failed", problem: halfDone(result.problem, index) };
    }
    this.#dropUnneeded(running);
    const all = (pick: (change: AttachedChange) => readonly string[]): string[] => unique(steps.flatMap(pick));
    return {
      kind: "hot",
      functions: all((step) => step.functions),
      added: all((step) => step.added),
      variables: all((step) => step.variables),
      notes: unique([...notes, ...all((step) => step.notes), ...done.flatMap(({ kept }) => kept.map(keptNote))]),
      patch: survey.value.patches.length + 1,
      diffMs,
      applyMs: performance.now() - start - diffMs,
      stoppedMs: Math.max(...done.map(({ stoppedMs }) => stoppedMs)),
      attempts: Math.max(...done.map(({ attempts }) => attempts)),
      oldCode: await this.#oldCodeOf(all((step) => step.functions)),
    };
  }

  /** Code of these functions that nothing enters any more. */
  async #oldCodeOf(functions: readonly string[]): Promise<OldCode[]> {
    const survey = await surveyProcess(this.#options.pid, this.#options.inject);
    if (!survey.ok) return [];
    const isApplied = ({ state }: ProcessPatch): boolean => state === "applied";
    const code = survey.value.patches.flatMap((patch) => (isApplied(patch) ? patch.replacedCode : patch.newCode));
    const changed = code.filter((each) => functions.includes(each.function));
    return changed.map((each) => ({ ...each, reliesOn: [] }));
  }

  /** @param earlier all patches that the module had and has, the newest last */
  async #stepOf(module: AttachedModule, earlier: readonly ProcessPatch[]): Promise<StepOutcome> {
    const applied = earlier.filter(({ state }) => state === "applied");
    const units = this.#unitsOf(module, newestOf(earlier)?.versions ?? {});
    if (!units.ok) return { kind: "refused", reasons: [units.problem] };
    const moved = units.value.filter(({ running, current }) => !isSame(running, current));
    const compared = await compareUnits(moved);
    if (!compared.ok) return { kind: "refused", reasons: [compared.problem] };
    const { diffs, reasons } = compared.value;
    if (reasons.length > 0) return { kind: "refused", reasons: this.#named(reasons) };
    const notes = diffs.flatMap(notesOf);
    if (diffs.every(isEmpty)) return { kind: "unchanged", notes };

    const changed = units.value.filter(({ original, current }) => !isSame(original, current));
    const functions = readable(diffs.flatMap(({ changedFunctions }) => changedFunctions));
    const asLinked = (): StepOutcome => {
      if (applied.length === 0) return { kind: "unchanged", notes };
      return { kind: "step", patch: undefined, applied, versions: {}, functions, added: [], variables: [], notes };
    };
    if (changed.length === 0) return asLinked();
    const versions = Object.fromEntries(changed.map(({ object, version }) => [object, version]));
    const made = await makePatch(
      {
        module: this.#fileOf(module),
        replace: [],
        set: [],
        applyInitializers: false,
        name: `attach:${basename(module.path)}`,
        description: "what was saved while `hotreload attach` ran",
        versions,
      },
      changed.map(({ current, original }) => ({ first: current, second: original })),
    );
    if (made.kind === "refused") {
      if (made.reasons.every(({ code }) => code === "E_UNCHANGED")) return asLinked();
      return { kind: "refused", reasons: this.#named(made.reasons) };
    }
    if (made.untyped.length > 0 && !this.#options.trustTypes) {
      return { kind: "refused", reasons: this.#named(made.untyped.map(untypedProblem)) };
    }
    const known = new Set(earlier.flatMap(({ addsFunctions, addsVariables }) => [...addsFunctions, ...addsVariables]));
    const { addsFunctions, addsVariables } = made.manifest;
    return {
      kind: "step",
      patch: sealPatch(made.manifest, made.payload),
      applied,
      versions,
      functions,
      added: addsFunctions.filter((name) => !known.has(name)),
      variables: addsVariables.filter((name) => !known.has(name)),
      notes: [...notes, ...functions.filter((name) => known.has(name)).map(laterNote)],
    };
  }

  #unitsOf(module: AttachedModule, running: Readonly<Record<ObjectPath, Version>>): Result<Unit[]> {
    const { versions } = this.#build.kept;
    const units: Unit[] = [];
    for (const [object, linked] of Object.entries(module.objects)) {
      const runningVersion = running[object] ?? linked;
      // One that is gone did not build, elsewhere: the process keeps what it has of it.
      const version = versions.current(object) ?? runningVersion;
      const files = [linked, runningVersion, version].map((each) => versions.fileOf(object, each));
      const [original, runs, current] = files;
      if (original === undefined || runs === undefined || current === undefined) {
        const message = `what the process runs of it is not kept any more: take the patches back (hotreload undo ${this.#options.pid})`;
        return failure("E_BASELINE", message, { file: object });
      }
      units.push({ object, version, original, running: runs, current });
    }
    return success(units);
  }

  #carryOut({ patch, applied }: Step): Promise<Result<Interruption>> {
    const { pid, timeoutMs, inject } = this.#options;
    if (patch !== undefined) return applyPatch(pid, patch, timeoutMs, applied, inject);
    return takeBack(pid, applied.at(-1) as ProcessPatch, timeoutMs, inject);
  }

  /** The module's file under its own name, by which a patch calls it. */
  #fileOf(module: AttachedModule): string {
    const named = this.#placeOf(module);
    mkdirSync(dirname(named), { recursive: true, mode: 0o700 });
    linkOrCopy(module.file, named);
    return named;
  }

  #placeOf({ path, buildId }: AttachedModule): string {
    return join(this.#directory, buildId, basename(path));
  }

  /** Problems with kept files, under the names that the build has for them. */
  #named(problems: readonly Problem[]): Problem[] {
    const { versions } = this.#build.kept;
    const names = new Map<string, string>();
    for (const module of this.#modules) {
      const { path, objects } = module;
      names.set(this.#placeOf(module), path);
      for (const [object, linked] of Object.entries(objects)) {
        for (const version of [linked, versions.current(object)]) {
          const kept = version === undefined ? undefined : versions.fileOf(object, version);
          if (kept !== undefined) names.set(kept, object);
        }
      }
    }
    const renamed = (text: string): string =>
      [...names].reduce((result, [kept, name]) => result.replaceAll(kept, name), text);
    return problems.map((problem) => ({
      ...problem,
      message: renamed(problem.message),
      ...(problem.file === undefined ? {} : { file: renamed(problem.file) }),
    }));
  }

  /** Deletes the versions that nothing was linked from and that the process does not run. */
  #dropUnneeded(running: readonly Readonly<Record<ObjectPath, Version>>[]): void {
    const { versions, generations } = this.#build.kept;
    versions.keepOnly(
      (object, version) =>
        generations.all.some((generation) => generation.objects[object] === version) ||
        running.some((module) => module[object] === version),
    );
  }
}

/** The patch that the module runs. */
const newestOf = (earlier: readonly ProcessPatch[]): ProcessPatch | undefined =>
  earlier.findLast(({ state }) => state === "applied");

/** The first patch that `fix` applied: what it changed is in no object. */
export function foreignPatch(applied: readonly ProcessPatch[]): Problem | undefined {
  const foreign = applied.find(({ versions }) => versions === undefined);
  if (foreign === undefined) return undefined;
  const message = `the process has the patch ${foreign.name}, which does not come from this build: take it back first (hotreload undo PID ${foreign.name})`;
  return { code: "E_APPLIED", message };
}

/** A function that an earlier save brought has no place of its own: who holds its address calls it as it was. */
const laterNote = (name: string): string =>
  `${name} came with an earlier save: pointers to it that are kept, and old code that still runs, go on with what it was`;

const keptNote = (name: string): string => `${name} was changed by the program meanwhile, and stays as it is`;

const untypedProblem = (object: string): Problem => ({
  code: "E_LAYOUT",
  message:
    "was built without debug information (-g): a type that changed could not be told, and live objects of it would be " +
    "misread; build the program with -g, or attach with --trust-types",
  file: object,
});

function halfDone(problem: Problem, done: number): Problem {
  if (done === 0) return problem;
  return {
    ...problem,
    message: `${problem.message}; other modules have their part of the change, and the next save tries again`,
  };
}

const unique = (names: readonly string[]): string[] => [...new Set(names)];

const uniqueProblems = (problems: readonly Problem[]): Problem[] => [
  ...new Map(problems.map((problem) => [`${problem.file}:${problem.message}`, problem])).values(),
];
