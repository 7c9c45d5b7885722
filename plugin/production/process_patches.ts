// The patches of a running process: put in, listed, taken back.
import { userInfo } from "node:os";
import { failure, type Result, success } from "../errors.js";
import { readable } from "./gen.js";
import { inject } from "./inject.js";
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

/** `loaded`: it was brought in and never applied, because `fix` was interrupted. */
export type PatchState = "loaded" | "applied" | "undone";

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
}

interface ReportedStatus {
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

/** Errors: those of plugin/inject. After any of them the process runs what it ran before. */
export function applyPatch(pid: number, patch: PatchFile, timeoutMs: number): Promise<Result<Interruption>> {
  const { name, uid } = applicant();
  return inject(["fix", `${pid}`, `${timeoutMs}`, patch.digest, name, `${uid}`], patch.payload);
}

export async function processStatus(pid: number): Promise<Result<ProcessStatus>> {
  const status = await inject<ReportedStatus>(["status", `${pid}`]);
  if (!status.ok) return status;
  const { program, buildId, bits, patches } = status.value;
  return success({ pid, program, buildId, bits, patches: patches.map(readPatch).sort((a, b) => a.order - b.order) });
}

function readPatch(reported: ReportedPatch): ProcessPatch {
  const { start, order, by, uid, digest, module, buildId } = reported;
  const { name = "", description = "" } = JSON.parse(reported.description) as { name?: string; description?: string };
  return {
    name,
    description,
    state: reported.status,
    order,
    ...(reported.appliedAt === 0 ? {} : { applied: new Date(reported.appliedAt) }),
    ...(reported.status === "undone" ? { undone: new Date(reported.undoneAt) } : {}),
    by,
    uid,
    digest,
    module,
    buildId,
    replaces: readable(reported.replaced),
    addsFunctions: readable(reported.addedFunctions),
    addsVariables: readable(reported.addedVariables),
    sets: readable(reported.values),
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
  const undone = await inject<Interruption>(["undo", `${pid}`, `${timeoutMs}`, `${patch.start}`]);
  return undone.ok ? success({ patch, interruption: undone.value }) : undone;
}

/** Processes that run a module with this build-id, as far as this user may see them. */
export async function processesOf(buildId: string): Promise<Result<readonly number[]>> {
  const found = await inject<{ readonly processes: readonly number[] }>(["find", buildId]);
  return found.ok ? success(found.value.processes) : found;
}
