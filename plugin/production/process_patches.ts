// The patches of a running process: put in, listed, taken back.
import { userInfo } from "node:os";
import { failure, type Result, success } from "../errors.js";
import { readable } from "./gen.js";
import { type Injector, inject } from "./inject.js";
import type { PatchFile } from "./patch_file.js";

/** What a change did to the process. Milliseconds. */
export interface Interruption {
  /** All threads stood still. */
  readonly stoppedMs: number;
  /** That, and the attempts before at which a function was running that must not. */
  readonly stoppedAllMs: number;
  readonly attempts: number;
  /** Single threads were borrowed to load the patch, one after the other; the rest went on. */
  readonly borrowedMs: number;
  /** Variables that undo left as they are, since the program had changed them. */
  readonly kept: readonly string[];
}

/**
 * `loaded`: it was brought in and never applied, because `fix` was interrupted. `superseded`: a later version of it took
 * its place.
 */
export type PatchState = "loaded" | "applied" | "undone" | "superseded";

export interface ProcessPatch {
  readonly name: string;
  readonly description: string;
  readonly state: PatchState;
  /** Rises with each fix and undo: of the applied patches of a function the highest counts. */
  readonly order: number;
  readonly applied?: Date;
  readonly undone?: Date;
  readonly by: string;
  readonly uid: number;
  readonly digest: string;
  readonly module: string;
  readonly buildId: string;
  readonly replaces: readonly string[];
  readonly addsFunctions: readonly string[];
  readonly addsVariables: readonly string[];
  readonly sets: readonly string[];
  /** Of one that `attach` made: the versions of the objects that it brought. */
  readonly versions?: Readonly<Record<string, string>>;
  /** Address in the process. */
  readonly start: number;
}

export interface ProcessStatus {
  readonly pid: number;
  readonly program: string;
  readonly buildId: string;
  readonly bits: number;
  /** In the order in which they were applied. */
  readonly patches: readonly ProcessPatch[];
}

interface ReportedPatch {
  readonly start: number;
  readonly status: PatchState;
  readonly order: number;
  readonly appliedAt: number;
  readonly undoneAt: number;
  readonly by: string;
  readonly uid: number;
  readonly digest: string;
  readonly buildId: string;
  readonly module: string;
  readonly description: string;
  readonly replaced: readonly string[];
  readonly addedFunctions: readonly string[];
  readonly addedVariables: readonly string[];
  readonly values: readonly string[];
  readonly replacedCode: readonly ReportedCode[];
  readonly newCode: readonly ReportedCode[];
}

/** An executable or a shared library that a process has loaded. */
export interface RunningModule {
  readonly path: string;
  /** "" if it has none. */
  readonly buildId: string;
}

/** Code of a function in the process; bytes. */
export interface PatchCode {
  /** As the user knows it. */
  readonly function: string;
  readonly start: number;
  readonly size: number;
}

export interface SurveyedPatch extends ProcessPatch {
  /** Of the module. */
  readonly replacedCode: readonly PatchCode[];
  readonly newCode: readonly PatchCode[];
}

/** What a process has loaded, and its patches. */
export interface Survey extends ProcessStatus {
  readonly modules: readonly RunningModule[];
  readonly patches: readonly SurveyedPatch[];
}

interface ReportedCode {
  readonly name: string;
  readonly start: number;
  readonly size: number;
}

interface ReportedStatus {
  readonly modules: readonly RunningModule[];
  readonly bits: number;
  readonly program: string;
  readonly buildId: string;
  readonly patches: readonly ReportedPatch[];
}

/** Who asks, also behind sudo. */
function applicant(): { readonly name: string; readonly uid: number } {
  const { SUDO_USER, SUDO_UID } = process.env;
  if (SUDO_USER !== undefined && SUDO_UID !== undefined) return { name: SUDO_USER, uid: Number(SUDO_UID) };
  const { username, uid } = userInfo();
  return { name: username, uid };
}

/**
 * Errors: those of plugin/inject. After any of them the process runs what it ran before.
 * @param superseded patches that are taken back at the same moment
 */
export function applyPatch(
  pid: number,
  patch: PatchFile,
  timeoutMs: number,
  superseded: readonly ProcessPatch[] = [],
  run: Injector = inject,
): Promise<Result<Interruption>> {
  const { name, uid } = applicant();
  const starts = superseded.map(({ start }) => `${start}`);
  return run(["fix", `${pid}`, `${timeoutMs}`, patch.digest, name, `${uid}`, ...starts], patch.payload);
}

export async function surveyProcess(pid: number, run: Injector = inject): Promise<Result<Survey>> {
  const status = await run<ReportedStatus>(["status", `${pid}`]);
  if (!status.ok) return status;
  const patches = status.value.patches.map(surveyedPatch).sort((a, b) => a.order - b.order);
  return success({ ...status.value, pid, patches });
}

export async function processStatus(pid: number): Promise<Result<ProcessStatus>> {
  const survey = await surveyProcess(pid);
  if (!survey.ok) return survey;
  const { modules, patches, ...status } = survey.value;
  return success({ ...status, patches: patches.map(({ replacedCode, newCode, ...patch }) => patch) });
}

function surveyedPatch(reported: ReportedPatch): SurveyedPatch {
  const named = ({ name, start, size }: ReportedCode) => ({ function: readable([name])[0] ?? name, start, size });
  const { replacedCode, newCode } = reported;
  return { ...readPatch(reported), replacedCode: replacedCode.map(named), newCode: newCode.map(named) };
}

function readPatch(reported: ReportedPatch): ProcessPatch {
  const { start, order, by, uid, digest, module, buildId } = reported;
  const described = JSON.parse(reported.description) as Partial<
    Pick<ProcessPatch, "name" | "description" | "versions">
  >;
  const { name = "", description = "", versions } = described;
  return {
    name,
    description,
    state: reported.status,
    order,
    ...(reported.appliedAt === 0 ? {} : { applied: new Date(reported.appliedAt) }),
    ...(reported.undoneAt === 0 || reported.status === "applied" ? {} : { undone: new Date(reported.undoneAt) }),
    by,
    uid,
    digest,
    module,
    buildId,
    replaces: readable(reported.replaced),
    addsFunctions: readable(reported.addedFunctions),
    addsVariables: readable(reported.addedVariables),
    sets: readable(reported.values),
    ...(versions === undefined ? {} : { versions }),
    start,
  };
}

export interface Undone {
  readonly patch: ProcessPatch;
  readonly interruption: Interruption;
}

/**
 * Takes a patch back: by its name or the start of its digest, or the newest one.
 * Errors: E_NOT_APPLIED, and those of plugin/inject.
 */
export async function undoPatch(pid: number, name: string | undefined, timeoutMs: number): Promise<Result<Undone>> {
  const status = await processStatus(pid);
  if (!status.ok) return status;
  const applied = status.value.patches.filter(({ state }) => state === "applied");
  const isMeant = (patch: ProcessPatch) =>
    name === undefined || patch.name === name || (name.length >= 8 && patch.digest.startsWith(name));
  const patch = applied.filter(isMeant).at(-1);
  if (patch === undefined) {
    const names = applied.map((one) => one.name).join(", ");
    const has = applied.length === 0 ? "it has no applied patch" : `it has ${names}`;
    const what = name === undefined ? "there is nothing to take back" : `there is no applied patch ${name}`;
    return failure("E_NOT_APPLIED", `${what} in process ${pid}: ${has}`);
  }
  const undone = await takeBack(pid, patch, timeoutMs);
  return undone.ok ? success({ patch, interruption: undone.value }) : undone;
}

/** Errors: those of plugin/inject. */
export function takeBack(
  pid: number,
  patch: ProcessPatch,
  timeoutMs: number,
  run: Injector = inject,
): Promise<Result<Interruption>> {
  return run(["undo", `${pid}`, `${timeoutMs}`, `${patch.start}`]);
}

/** Processes that run a module with this build-id, as far as this user may see them. */
export async function processesOf(buildId: string): Promise<Result<readonly number[]>> {
  const found = await inject<{ readonly processes: readonly number[] }>(["find", buildId]);
  return found.ok ? success(found.value.processes) : found;
}
