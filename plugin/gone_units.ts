// What a file that is no longer part of a module leaves behind in a process, and what must not be mistaken for it.
//
// The process still has its functions and variables, so that a reference to them could be bound, although the project
// does not define them any more. And a static variable that another file has from now on would start anew.
import { type ObjectDiff, type ObjectHandle, readObject, shortName, symbolNames } from "./elf/index.js";
import { failure, type Problem, type Result, success } from "./errors.js";
import type { GoneUnit } from "./translation_units.js";

/** An object of a patch, read. */
export interface ComparedObject {
  readonly id: string;
  readonly before: ObjectHandle | null;
  readonly after: ObjectHandle;
  readonly diff: ObjectDiff | undefined;
}

/** References to what only files define that are gone. @param others the files of the module's other objects */
export async function findLostDefinitions(
  objects: readonly ComparedObject[],
  gone: readonly GoneUnit[],
  others: () => readonly string[],
): Promise<Result<Problem[]>> {
  const lost = await readGone(gone, (handle) => symbolNames(handle).defined);
  if (!lost.ok) return lost;
  const wanted = new Map<string, string>();
  for (const { id, after } of objects) {
    for (const name of symbolNames(after).undefined) if (lost.value.has(name)) wanted.set(name, id);
  }
  const forget = (handle: ObjectHandle): void => {
    for (const name of symbolNames(handle).defined) wanted.delete(name);
  };
  for (const { after } of objects) forget(after);
  for (const file of wanted.size > 0 ? others() : []) {
    if (wanted.size === 0) break;
    const handle = await readObject(file);
    if (!handle.ok) return handle;
    forget(handle.value);
  }
  return success(
    [...wanted.keys()].map((name) => ({
      code: "E_UNDEFINED",
      message: `${shortName(name)} is not defined any more: ${lost.value.get(name)} is no longer part of the program`,
    })),
  );
}

/** Functions that were removed from their files, and that others still refer to: the program would not link any more. */
export async function findUsersOfRemoved(
  removed: readonly string[],
  others: () => readonly string[],
): Promise<Result<Problem[]>> {
  const problems = new Map<string, Problem>();
  for (const file of removed.length > 0 ? others() : []) {
    const handle = await readObject(file);
    if (!handle.ok) return handle;
    const { source, undefined: needed } = symbolNames(handle.value);
    const wanted = new Set(needed);
    for (const name of removed.filter((name) => wanted.has(name))) {
      const message = `${shortName(name)} is not defined any more, but ${source} uses it`;
      problems.set(name, { code: "E_UNDEFINED", message });
    }
  }
  return success([...problems.values()]);
}

/** Static variables that one file has lost and another one has got: their values would be lost. */
export async function findMovedStatics(
  objects: readonly ComparedObject[],
  gone: readonly GoneUnit[],
): Promise<Result<Problem[]>> {
  const isNew = ({ diff }: ComparedObject): boolean => (diff?.newVariables.length ?? 0) > 0;
  if (objects.length + gone.length < 2 || !objects.some(isNew)) return success([]);
  const lost = await readGone(gone, (handle) => symbolNames(handle).statics);
  if (!lost.ok) return lost;
  for (const { id, before, after } of objects) {
    if (before === null) continue;
    const kept = new Set(symbolNames(after).statics);
    for (const key of symbolNames(before).statics) if (!kept.has(key)) lost.value.set(key, id);
  }
  const problems = objects.filter(isNew).flatMap(({ id, after, diff }) => {
    const statics = new Set(symbolNames(after).statics);
    return (diff?.newVariables ?? []).flatMap((key): Problem[] => {
      const from = lost.value.get(key);
      if (from === undefined || from === id || !statics.has(key)) return [];
      const message = `the static variable ${shortName(key)} moved from ${from} to ${id}: its value would be lost`;
      return [{ code: "E_VARIABLE", message }];
    });
  });
  return success(problems);
}

/** Name -> the object that had it. */
async function readGone(
  gone: readonly GoneUnit[],
  namesOf: (handle: ObjectHandle) => readonly string[],
): Promise<Result<Map<string, string>>> {
  const names = new Map<string, string>();
  for (const { object, file } of gone) {
    if (file === undefined) {
      return failure("E_BASELINE", "is no longer part of the program, and what it held is not known", { file: object });
    }
    const handle = await readObject(file);
    if (!handle.ok) return handle;
    for (const name of namesOf(handle.value)) names.set(name, object);
  }
  return success(names);
}
