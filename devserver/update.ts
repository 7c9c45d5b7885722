// Brings one process up to date: survey, ranges, patch, apply, commit. Says what came of it, and changes no policy.

import { partsAsApplied } from "../plugin/build_patch.js";
import type { Problem } from "../plugin/errors.js";
import type { Patch, Patcher } from "../plugin/patcher.js";
import type { AppliedPatch, LoadedModule } from "../plugin/process.js";
import type { Agent, Answer, Silence } from "./agents.js";
import { findStillRunning, type StillRunning } from "./stacks.js";

export type UpdateOutcome =
  | {
      readonly kind: "hot";
      readonly patch: Patch;
      readonly applyMs: number;
      /** performance.now() when the process had acknowledged it. */
      readonly appliedAt: number;
      readonly stillRunning: readonly StillRunning[];
    }
  | { readonly kind: "unchanged"; readonly notes?: readonly string[] }
  | { readonly kind: "restartNeeded"; readonly reasons: readonly Problem[] }
  /** The program goes on with what it had. */
  | { readonly kind: "refused"; readonly code: string; readonly message: string }
  /** It does not answer for now. When it does, `finish` resolves; what it resolves to is to be called in turn. */
  | { readonly kind: "silent"; readonly finish: Promise<() => Promise<UpdateOutcome>>; readonly why: Silence }
  | { readonly kind: "gone" };

/** What of the patcher is needed here; tests script it. */
export type ProcessPatcher = Pick<Patcher, "greet" | "isProjectModule" | "roomNear" | "update" | "commit">;

/** A patch goes to the process, or undefined: it was refused. */
export type Sending = (pid: number, patch: Patch | undefined) => void;

/** What had to be asked of the process before a patch can be made for it. */
export type Preparation =
  | Exclude<UpdateOutcome, { kind: "hot" | "restartNeeded" | "unchanged" }>
  | { kind: "prepared" };

/** The patch could not be loaded at the address that it was linked for. */
const TAKEN: ReadonlySet<string> = new Set(["E_AGENT_MOVED", "E_AGENT_PLACE"]);
/** Something is there, or stays there: what a failed constructor left cannot be unloaded. */
const IN_USE: ReadonlySet<string> = new Set([...TAKEN, "E_AGENT_CONSTRUCTOR"]);
const MOST_ATTEMPTS = 3;

const RANGE_BYTES = 64 * 1024 * 1024;
/** With less room than this near a module, another range is reserved: a patch of a big header may need it. */
const LOW_ROOM_BYTES = 16 * 1024 * 1024;

/** The modules that are loaded by now, and ranges near those that are new. Can run beside a build. */
export async function prepare(agent: Agent, patcher: ProcessPatcher): Promise<Preparation> {
  const surveyed = await agent.survey();
  return surveyed.kind === "done" ? reserveRanges(agent, patcher) : unprepared(surveyed);
}

/** After a preparation: makes the patch, lets the process load it, and commits what it acknowledged. */
export async function update(
  agent: Agent,
  patcher: ProcessPatcher,
  prepared: Preparation,
  files: readonly string[],
  sending: Sending,
): Promise<UpdateOutcome> {
  if (prepared.kind !== "prepared") return prepared;
  for (let attempt = 1; ; attempt++) {
    const outcome = await attemptUpdate(agent, patcher, files, sending);
    const isTaken = outcome.kind === "refused" && TAKEN.has(outcome.code);
    if (!isTaken || attempt === MOST_ATTEMPTS) return outcome;
    // Other threads map memory as well, and one was faster. Behind its place it may go better, else in another range: of a
    // process that was patched by another dev server, we do not know which places were given up.
    if (attempt > 1) agent.abandonRanges();
    const reserved = await reserveRanges(agent, patcher);
    if (reserved.kind !== "prepared") return reserved;
  }
}

async function attemptUpdate(
  agent: Agent,
  patcher: ProcessPatcher,
  files: readonly string[],
  sending: Sending,
  lines = true,
): Promise<UpdateOutcome> {
  const wanted = await patcher.update(agent.view(), lines);
  if (wanted.kind === "failed") return { kind: "refused", ...wanted.problem };
  if (wanted.kind !== "hot") return wanted;
  const { patch } = wanted;
  const start = performance.now();
  const before = agent.view();
  sending(agent.pid, patch);
  const answer = await agent.apply(patch.number, patch.libraries, {
    functions: [...patch.functions, ...patch.addedFunctions],
    files,
  });
  const settle = async (applied: Answer<AppliedPatch>): Promise<UpdateOutcome> => {
    if (applied.kind === "refused") sending(agent.pid, undefined);
    // One on a function that only moved: that one stays as it is.
    if (applied.kind === "refused" && applied.code === "E_AGENT_BREAKPOINT" && patch.lined) {
      return attemptUpdate(agent, patcher, files, sending, false);
    }
    if (applied.kind === "refused" && IN_USE.has(applied.code)) for (const place of patch.places) agent.giveUp(place);
    if (applied.kind === "refused" && applied.code === "E_AGENT_MAPPINGS") {
      return { kind: "restartNeeded", reasons: [{ code: "E_MAPPINGS", message: applied.message }] };
    }
    if (applied.kind !== "done") return applied.kind === "silent" ? silent(applied, settle) : applied;
    const committed = await patcher.commit(before, patch, applied.value.libraries);
    if (!committed.ok) return { kind: "refused", code: committed.problem.code, message: committed.problem.message };
    const kept = applied.value.libraries.map((library) => library.kept);
    const appliedAt = performance.now();
    const stillRunning = await findStillRunning(agent.pid, patch.oldCode);
    const made = { ...patch, ...partsAsApplied(patch, kept) };
    return { kind: "hot", patch: made, applyMs: appliedAt - start, appliedAt, stillRunning };
  };
  return settle(answer);
}

async function reserveRanges(agent: Agent, patcher: ProcessPatcher): Promise<Preparation> {
  const view = agent.view();
  const lacks = (module: LoadedModule): boolean =>
    patcher.isProjectModule(module) && patcher.roomNear(view, module) < LOW_ROOM_BYTES;
  for (const module of view.modules.filter(lacks)) {
    const reserved = await agent.reserve(module, RANGE_BYTES);
    // Without a range nothing near that module can be patched, but others can: the patcher says so when it matters.
    if (reserved.kind === "silent" || reserved.kind === "gone") return unprepared(reserved);
  }
  return { kind: "prepared" };
}

function unprepared(answer: Exclude<Answer<void>, { kind: "done" }>): Preparation {
  // Nothing was changed: once it answers again, it is brought up to date from the start.
  if (answer.kind !== "silent") return answer;
  return { kind: "silent", why: answer.why, finish: answer.late.then(() => async () => ({ kind: "unchanged" })) };
}

function silent<T>(
  { late, why }: Extract<Answer<T>, { kind: "silent" }>,
  settle: (answer: Answer<T>) => Promise<UpdateOutcome>,
): UpdateOutcome {
  return { kind: "silent", why, finish: late.then((answer) => () => settle(answer)) };
}
