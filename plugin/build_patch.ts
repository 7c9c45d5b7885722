// From changed objects to patch libraries, as a list of passes: read, compare, check layouts, link, bind.
//
// Promise: when buildPatch returns "hot", each library is complete and bound for the process it was made for; the
// process has not been touched. When anything is refused, no library is returned at all.
import { mkdir, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { type CompileCommand, sourceOf } from "./compile_command.js";
import { compileConstructions, needsConstructions } from "./constructions.js";
import {
  bind,
  type CodeRange,
  type ExportsHandle,
  type Introduced,
  type LocatedHandle,
  locate,
  type ModuleFile,
  type ObjectHandle,
  type Plan,
  places,
  plan,
  type Redirect,
  type Refusal,
  type Removed,
  readObject,
  shortName,
  writeStandIns,
} from "./elf/index.js";
import { failure, type Problem, type Result, success } from "./errors.js";
import { findLostDefinitions, findMovedStatics, findUsersOfRemoved } from "./gone_units.js";
import type { ObjectPath } from "./graph/graph.js";
import { type ComparedObject, checkLayouts, type Renewed } from "./layouts.js";
import { type Linker, link } from "./link.js";
import type { Version } from "./object_versions.js";
import { placedProblems, placeOf } from "./places.js";
import type { GoneUnit, UnitKey } from "./translation_units.js";

export interface ObjectChange {
  readonly id: ObjectPath;
  /** Names its translation unit in the process. */
  readonly unit: UnitKey;
  /** Of the file `after`. */
  readonly version: Version;
  /** What the process runs; null for an object that is new to it. */
  readonly before: string | null;
  /** What was linked into the module; null for an object that was not. */
  readonly original: string | null;
  /** What the lines in the process are of: `before`, or an older version with the same code. */
  readonly lines: string | null;
  readonly after: string;
  /** Versions whose code ran once and was undone: objects that it made may be alive. */
  readonly undone: readonly string[];
}

export interface ModuleChange {
  readonly path: string;
  /** Address in the process for the patch library, and the bytes that it may take. */
  readonly start: number;
  readonly room: number;
  readonly objects: readonly ObjectChange[];
  /** Units that the process has and the module does not. */
  readonly gone: readonly GoneUnit[];
  /** The files of the module's other objects. */
  readonly others: () => readonly string[];
  /** Functions that earlier patches removed. */
  readonly removed: readonly Removed[];
}

/** A module of the project as the process has it. */
export interface ProjectModule {
  readonly path: string;
  readonly buildId: string;
  readonly bias: number;
  readonly tlsModule: number;
  readonly file: ModuleFile;
}

export interface PatchRequest {
  readonly linker: Linker;
  /** Exists, empty: the libraries are written here. */
  readonly directory: string;
  /** In load order. */
  readonly modules: readonly ProjectModule[];
  readonly introduced: readonly Introduced[];
  /** Of the shared libraries of others that the process has loaded. */
  readonly exports: ExportsHandle;
  readonly changes: readonly ModuleChange[];
  /** How an object is compiled. */
  readonly commandOf: (object: ObjectPath) => Promise<Result<CompileCommand>>;
  /** Functions that only moved come along with what changed, so that debuggers show the right lines of them. */
  readonly lines: boolean;
}

export interface PatchParts {
  /** Absolute paths of the patch libraries, one for each module that changed; none if there is nothing to load. */
  readonly libraries: readonly string[];
  /** Where they are linked for, in the same order. */
  readonly places: readonly CodeRange[];
  /** As the user knows them: functions replaced, new functions, variables that are new or have new contents. */
  readonly functions: readonly string[];
  readonly addedFunctions: readonly string[];
  readonly variables: readonly string[];
  /** For each library the names of the constants and variables that it writes, in the order of its table. */
  readonly writes: readonly (readonly string[])[];
  /** What the user should know although the patch is right. */
  readonly notes: readonly string[];
  /** Milliseconds. */
  readonly ms: { readonly diff: number; readonly link: number; readonly bind: number };
}

/** Module -> functions that the process has and the project no longer. */
export type RemovedOfModules = Readonly<Record<string, readonly Removed[]>>;

export type PatchOutcome =
  | {
      readonly kind: "hot";
      readonly parts: PatchParts;
      readonly introduced: readonly Introduced[];
      readonly redirects: readonly Redirect[];
      /** Module -> base name of its library. */
      readonly libraryNames: Readonly<Record<string, string>>;
      readonly removed: RemovedOfModules;
      /** Functions that only moved are among the redirects. */
      readonly lined: boolean;
    }
  | { readonly kind: "unchanged"; readonly removed: RemovedOfModules; readonly notes: readonly string[] }
  | { readonly kind: "restartNeeded"; readonly reasons: readonly Problem[] };

interface Planned {
  readonly change: ModuleChange;
  readonly plan: Plan;
  readonly problems: readonly Problem[];
  readonly notes: readonly string[];
}

interface PlannedObject {
  readonly id: UnitKey;
  readonly before: ObjectHandle | null;
  readonly lines: ObjectHandle | null;
  after: ObjectHandle;
  built: ObjectHandle | null;
  readonly located: LocatedHandle | null;
}

const refused = (reasons: readonly Problem[]): PatchOutcome => ({ kind: "restartNeeded", reasons });

export async function buildPatch(request: PatchRequest): Promise<PatchOutcome> {
  const outcome = await tryPatch(request, new Map());
  if (outcome.kind !== "renew") return outcome;
  // Seldom: that signatures changed is seen beside the link, which is done again with new identities for the functions.
  const again = await tryPatch(request, outcome.renewed);
  if (again.kind === "renew") throw new Error("a signature changed that had not changed before");
  return again;
}

type Attempt = PatchOutcome | { readonly kind: "renew"; readonly renewed: Renewed };

async function tryPatch(request: PatchRequest, renewed: Renewed): Promise<Attempt> {
  const started = performance.now();
  const planned: Planned[] = [];
  const reasons: Problem[] = [];
  for (const change of request.changes) {
    const signatures = renewed.get(change.path) ?? new Map<string, Problem>();
    const made = await planModule(request, change, signatures);
    if (!made.ok) return refused([made.problem]);
    planned.push(made.value);
    reasons.push(...made.value.problems);
  }
  // The linker and the reading of debug information take long, and neither needs the other.
  const layoutsChecked = checkLayouts(comparedObjects(planned));
  if (reasons.length > 0) {
    const checked = await layoutsChecked;
    return refused(uniqueReasons([...(checked.ok ? checked.value.problems : [checked.problem]), ...reasons]));
  }
  const notes = [
    ...new Set([
      ...[...renewed.values()].flatMap((signatures) => [...signatures.values()].map(renewalNote)),
      ...planned.flatMap(({ plan, notes }) => [...notesOf(plan), ...notes]),
    ]),
  ];
  if (planned.length > 1 && planned.some(({ plan }) => plan.constructionsLeaveModule)) {
    reasons.push({
      code: "E_INITIALIZER",
      message: "the constructor of a new variable calls another module, which changed in the same save",
    });
    return refused(reasons);
  }
  const removed = Object.fromEntries(planned.map(({ change, plan }) => [change.path, plan.removed]));
  const loaded = planned.filter(({ plan }) => !plan.empty);
  const lined = loaded.some(({ plan }) => plan.lined);
  // Functions that only moved are no reason to refuse.
  const unfit = async (reasons: readonly Problem[]): Promise<Attempt> =>
    lined ? tryPatch({ ...request, lines: false }, renewed) : refused(uniqueReasons(reasons));
  const compared = performance.now();
  const linked = await Promise.all(loaded.map((part) => linkModule(request, part)));
  const checked = await layoutsChecked;
  if (!checked.ok) return refused([checked.problem]);
  const unlinkable = linked.flatMap((outcome) => outcome.problems);
  if (checked.value.problems.length > 0) return refused(uniqueReasons([...checked.value.problems, ...unlinkable]));
  if (unlinkable.length > 0) return unfit(unlinkable);
  if (renewed.size === 0 && checked.value.renewed.size > 0) return { kind: "renew", renewed: checked.value.renewed };
  if (loaded.length === 0) return { kind: "unchanged", removed, notes };
  const done = performance.now();

  const introduced: Introduced[] = [];
  const redirects: Redirect[] = [];
  const places: CodeRange[] = [];
  for (const [index, { plan, change }] of loaded.entries()) {
    const bound = await bind(plan.handle, linked[index]?.library ?? "");
    if (!bound.ok) return unfit([bound.problem]);
    if (bound.value.refusals.length > 0) return unfit(bound.value.refusals.map(problemOf));
    if (bound.value.size > change.room) return unfit([{ code: "E_RANGE", message: "the patch is too large" }]);
    places.push({ start: change.start, size: bound.value.size });
    introduced.push(...bound.value.introduced);
    redirects.push(...bound.value.redirects);
  }
  // What the libraries were linked from is in them, and a process has thousands of patches in a day.
  await Promise.all(loaded.map(({ change }) => rm(partsDirectory(request, change), { recursive: true })));
  const diffs = planned.flatMap(({ plan }) => plan.diffs);
  const arrived = introduced.filter(({ renamed }) => renamed !== true);
  return {
    kind: "hot",
    introduced,
    redirects,
    removed,
    lined,
    libraryNames: Object.fromEntries(loaded.map(({ change }, i) => [change.path, basename(linked[i]?.library ?? "")])),
    parts: {
      libraries: linked.map((outcome) => outcome.library),
      places,
      functions: namesOf(diffs.flatMap((diff) => diff.changedFunctions)),
      addedFunctions: namesOf([
        ...diffs.flatMap((diff) => diff.newFunctions),
        ...arrived.filter((entry) => entry.kind === "function" && entry.object !== "").map((entry) => entry.key),
      ]),
      variables: namesOf([
        ...arrived
          .filter((entry) => entry.kind === "variable" || entry.kind === "threadLocal")
          .map((entry) => entry.key),
        ...loaded.flatMap(({ plan }) => plan.writes.map(({ key }) => key)),
      ]),
      writes: loaded.map(({ plan }) => plan.writes.map(({ key }) => nameOf(key))),
      notes,
      ms: { diff: compared - started, link: done - compared, bind: performance.now() - done },
    },
  };
}

/** Reads the versions of each object, finds its local symbols, compares, and writes what is to be linked. */
async function planModule(
  request: PatchRequest,
  change: ModuleChange,
  signatures: ReadonlyMap<string, Problem>,
): Promise<Result<Planned>> {
  const target = request.modules.findIndex((module) => module.path === change.path);
  const module = request.modules[target];
  if (!module) return failure("E_ELF", "is not loaded in the process", { file: change.path });
  const objects: PlannedObject[] = [];
  for (const object of change.objects) {
    const after = await readObject(object.after);
    if (!after.ok) return after;
    const before = await readOptional(object.before);
    if (!before.ok) return before;
    const lines = object.lines === object.before ? before : await readOptional(object.lines);
    const located = await locateOriginal(module, object);
    if (!located.ok) return located;
    const versions = { before: before.value, after: after.value, built: null };
    objects.push({
      id: object.unit,
      ...versions,
      lines: request.lines && lines.ok ? lines.value : null,
      located: located.value,
    });
  }
  const directory = partsDirectory(request, change);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const planWith = (others: readonly string[]) =>
    plan({
      modules: request.modules.map(({ file, bias, tlsModule }) => ({ handle: file.handle, bias, tlsModule })),
      target,
      introduced: request.introduced,
      removed: change.removed,
      renewed: [...signatures.keys()],
      others,
      objects,
      start: change.start,
      directory,
    });
  const first = await planWith(signatures.size > 0 ? change.others() : []);
  if (!first.ok) return first;
  const constructed = await addConstructions(request, change, first.value, objects, directory);
  const made = constructed.added ? await planWith(change.others()) : first;
  if (!made.ok) return made;
  const compared = objects.map(({ id, before, after }, index) => ({
    id,
    before,
    after,
    diff: made.value.diffs[index],
  }));
  const lost = await findLostDefinitions(compared, change.gone, change.others);
  if (!lost.ok) return lost;
  const known = new Set(change.removed.map(({ key }) => key));
  const newly = made.value.removed.filter(({ object, key, weak }) => object === "" && !weak && !known.has(key));
  const used = await findUsersOfRemoved(
    newly.map(({ key }) => key),
    change.others,
  );
  if (!used.ok) return used;
  const moved = await findMovedStatics(compared, change.gone);
  if (!moved.ok) return moved;
  return success({
    change,
    plan: made.value,
    notes: await initializerNotes(request, made.value.diffs, change.objects),
    problems: [
      ...(await placedProblems(made.value.refusals, change.objects)).map((problem, i) => {
        const symbol = made.value.refusals[i]?.symbol ?? "";
        return { ...(signatureOf(symbol, signatures) ?? {}), ...problem };
      }),
      ...constructed.problems,
      ...lost.value,
      ...moved.value,
      ...used.value,
    ],
  });
}

/** Objects that bring something to be initialized are taken in another form, which can do it. */
async function addConstructions(
  request: PatchRequest,
  change: ModuleChange,
  { refusals, diffs }: Plan,
  objects: PlannedObject[],
  directory: string,
): Promise<{ readonly added: boolean; readonly problems: readonly Problem[] }> {
  const problems: Problem[] = [];
  let added = false;
  // What is refused for another reason stays refused.
  if (refusals.length === 0 || !refusals.every(({ code }) => code === "E_INITIALIZER")) return { added, problems };
  for (const [index, object] of objects.entries()) {
    const [diff, changed] = [diffs[index], change.objects[index]];
    if (!diff || !changed || !needsConstructions(diff)) continue;
    const command = await request.commandOf(changed.id);
    const base = join(directory, `constructions-${index}`);
    const path = command.ok ? await compileConstructions(changed.after, diff, command.value, base) : command;
    const after = path.ok ? await readObject(path.value) : path;
    if (after.ok) {
      object.built = object.after;
      object.after = after.value;
      added = true;
    } else {
      problems.push(after.problem);
    }
  }
  return { added, problems };
}

/** For what one of the libraries is linked from. */
function partsDirectory({ directory, modules }: PatchRequest, change: ModuleChange): string {
  return join(directory, `module-${modules.findIndex(({ path }) => path === change.path)}`);
}

async function readOptional(path: string | null): Promise<Result<ObjectHandle | null>> {
  return path === null ? success(null) : readObject(path);
}

async function locateOriginal(module: ProjectModule, object: ObjectChange): Promise<Result<LocatedHandle | null>> {
  const original = await readOptional(object.original);
  if (!original.ok) return original;
  return original.value === null ? success(null) : locate(module.file.handle, original.value);
}

/** What runs and what ran once is compared with what is to run: objects of all of them may be alive. */
const comparedObjects = (planned: readonly Planned[]): ComparedObject[] =>
  planned.flatMap(({ change, plan }) =>
    change.objects.flatMap(({ original, before, undone, after }, index) =>
      [before, ...undone]
        .filter((other) => other !== null)
        .map((other) => ({ module: change.path, original, before: other, after, diff: plan.diffs[index] })),
    ),
  );

async function linkModule(request: PatchRequest, { change, plan }: Planned) {
  const directory = partsDirectory(request, change);
  // Where a constructor failed, the library stays loaded: the next one, elsewhere, must not go by the same name.
  const place = change.start.toString(16);
  const library = join(request.directory, `${basename(directory)}-${place}-${basename(change.path)}.so`);
  const libraries = await writeStandIns(request.exports, plan.handle, directory);
  if (!libraries.ok) return { library, problems: [libraries.problem] };
  const outcome = await link(request.linker, {
    files: plan.files,
    start: change.start,
    libraries: libraries.value,
    named: plan.named,
    output: library,
    directory,
  });
  const problems = outcome.kind === "undefined" ? outcome.symbols : outcome.kind === "failed" ? [outcome.problem] : [];
  return { library, problems };
}

function problemOf({ code, message }: Refusal): Problem {
  return { code, message };
}

function signatureOf(symbol: string, signatures: ReadonlyMap<string, Problem>): Problem | undefined {
  return signatures.get(symbol) ?? signatures.get(shortName(symbol).split("::").at(-1) ?? "");
}

function renewalNote({ message }: Problem): string {
  return `${message}: what is running goes on calling the old one until it returns`;
}

function uniqueReasons(reasons: readonly Problem[]): Problem[] {
  return [...new Map(reasons.map((reason) => [reason.message, reason])).values()];
}

function namesOf(keys: readonly string[]): string[] {
  const isNoise = (key: string) => key.startsWith("_ZGV") || (key.startsWith("_ZZ") === false && key.startsWith("_ZT"));
  return [...new Set(keys.filter((key) => !isNoise(key)).map(nameOf))];
}

const nameOf = (key: string): string => shortName(key.replace(/\.#.*$/, ""));

/** Initializers that changed, of variables that were there: they do not run again. */
async function initializerNotes(
  { commandOf }: PatchRequest,
  diffs: Plan["diffs"],
  objects: readonly ObjectChange[],
): Promise<string[]> {
  const notes: string[] = [];
  for (const [index, { rewrittenInitializers, otherInitializers, staticInitializers }] of diffs.entries()) {
    const object = objects[index];
    const told = rewrittenInitializers.length > 0 || staticInitializers.length > 0 || otherInitializers;
    if (!object || !told) continue;
    const declared = await places(object.after);
    const where = (key: string) => {
      const place = placeOf(key, declared.ok ? [declared.value] : []);
      return place === undefined ? "" : `${place.file}:${place.line}: `;
    };
    for (const key of rewrittenInitializers) {
      notes.push(`${where(key)}the initializer of ${nameOf(key)}, or of a variable beside it, changed: ${NOT_AGAIN}`);
    }
    for (const key of staticInitializers) {
      notes.push(`${where(key)}the initializer of ${nameOf(key)} may have changed: if it ran already, ${NOT_AGAIN}`);
    }
    if (!otherInitializers) continue;
    const command = await commandOf(object.id);
    const source = command.ok ? sourceOf(command.value) : object.id;
    notes.push(`${source}: initializers may have changed, or be new and set no variable: ${NOT_AGAIN}`);
  }
  return notes;
}

const NOT_AGAIN = "it does not run again in this process, and live values stay as they are";

function notesOf(plan: Plan): string[] {
  const notes = plan.kept.map(({ key, reason }) => keptNote(nameOf(key), reason));
  const closures = plan.diffs
    .flatMap((diff) => diff.leftBehind)
    .map((name) => `closures that live keep the code they were made with: ${name || "lambdas"}`);
  return [...notes, ...closures];
}

const keptNote = (name: string, reason: string): string =>
  `the initializer of ${name} changed; the live value stays as it is: ${reason}`;

/** The parts as the process has them, after it said which writes of each library it left alone. */
export function partsAsApplied(parts: PatchParts, kept: readonly (readonly number[])[]): PatchParts {
  const names = new Set(parts.writes.flatMap((writes, i) => (kept[i] ?? []).flatMap((write) => writes[write] ?? [])));
  if (names.size === 0) return parts;
  const notes = [...names].map((name) => keptNote(name, "it is not what it began with any more"));
  const variables = parts.variables.filter((name) => !names.has(name));
  return { ...parts, variables, notes: [...parts.notes, ...notes] };
}
