// What a process runs of the objects of a module, compared with what lies on disk.
import { readFileSync } from "node:fs";
import { diff, layouts, type ObjectDiff, readObject } from "../elf/index.js";
import { type Problem, type Result, success } from "../errors.js";
import type { ObjectPath } from "../graph/graph.js";
import type { Version } from "../object_versions.js";
import { placedProblems } from "../places.js";
import { readable } from "./gen.js";

/** One object of a module: as it was linked, as the process runs it, and as it is on disk. */
export interface Unit {
  readonly object: ObjectPath;
  readonly version: Version;
  readonly original: string;
  readonly running: string;
  readonly current: string;
}

/** What the process runs compared with what it is to run. Refusals are of a version that is not the linked one: gen has those. */
export async function compareUnits(
  moved: readonly Unit[],
): Promise<Result<{ diffs: ObjectDiff[]; reasons: Problem[] }>> {
  const diffs: ObjectDiff[] = [];
  const reasons: Problem[] = [];
  for (const { original, running, current } of moved) {
    const [before, after] = [await readObject(running), await readObject(current)];
    if (!before.ok) return before;
    if (!after.ok) return after;
    const found = await diff(before.value, after.value);
    if (!found.ok) return found;
    diffs.push(found.value);
    if (running === original) continue;
    reasons.push(...(await placedProblems(found.value.refusals, [{ before: running, after: current }])));
    const types = await layouts(running, current);
    if (!types.ok) return types;
    for (const { code, message, file, line } of types.value.filter(({ file }) => file !== "")) {
      reasons.push({ code, message, file, line });
    }
  }
  return success({ diffs, reasons });
}

export function isSame(left: string, right: string): boolean {
  return left === right || readFileSync(left).equals(readFileSync(right));
}

/** Nothing that a process could be told to do. */
export const isEmpty = (one: ObjectDiff): boolean =>
  [
    one.changedFunctions,
    one.newFunctions,
    one.newVariables,
    one.changedConstants,
    one.startFunctions,
    one.refusals,
  ].every((list) => list.length === 0);

/** What is not done, and told. */
export function notesOf(one: ObjectDiff): string[] {
  const stays = readable(one.changedInitializers).map(
    (name) => `the initializer of ${name} changed; its live value stays`,
  );
  const rewritten = readable([...one.rewrittenInitializers, ...one.staticInitializers]).map(
    (name) => `the initializer of ${name} changed, and does not run again in this process`,
  );
  const closures = one.leftBehind.map(
    (name) => `closures that live keep the code they were made with: ${name || "lambdas"}`,
  );
  const other = one.otherInitializers
    ? ["code that initializes variables may have changed: it does not run again"]
    : [];
  return [...stays, ...rewritten, ...other, ...closures];
}
