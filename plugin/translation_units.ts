// The translation units of a module in a process, and the objects that they are compiled to by now.
//
// A unit is what the process knows: its statics, and what it was linked from. A source file that is moved or renamed is
// compiled to another object, and is the same unit: the object that is new takes over from the one that is gone if it,
// and no other one, defines what that one defined.
import { readObject, type SymbolNames, symbolNames } from "./elf/index.js";
import { type Result, success } from "./errors.js";
import type { ObjectPath } from "./graph/graph.js";
import type { Version } from "./object_versions.js";

/** Names a unit for the life of the process: the object that it was compiled to when the process first had it. */
export type UnitKey = string;

/** What the process runs of a unit. */
export interface Unit {
  readonly object: ObjectPath;
  readonly version: Version;
}

/** The object is not part of the module any more, and no other one took over. */
export interface GoneUnit {
  readonly object: ObjectPath;
  /** What the process runs; undefined if it was not kept. */
  readonly file: string | undefined;
}

export interface MatchedUnits {
  /** For each object of the module. */
  readonly keys: ReadonlyMap<ObjectPath, UnitKey>;
  readonly gone: readonly GoneUnit[];
}

export interface UnitFiles {
  /** Of the version that the process runs. */
  fileOf(unit: Unit): string | undefined;
  /** Of the version that lies in the build tree, undefined if there is none. */
  current(object: ObjectPath): Unit | undefined;
}

/** @returns E_ELF, E_RELOCATION for an object that cannot be read */
export async function matchUnits(
  units: ReadonlyMap<UnitKey, Unit>,
  objects: readonly ObjectPath[],
  files: UnitFiles,
): Promise<Result<MatchedUnits>> {
  const keys = new Map<ObjectPath, UnitKey>();
  const present = new Set(objects);
  const left: [UnitKey, Unit][] = [];
  for (const [key, unit] of units) {
    if (present.has(unit.object)) keys.set(unit.object, key);
    else left.push([key, unit]);
  }
  const fresh = objects.flatMap((object) => (keys.has(object) ? [] : (files.current(object) ?? [])));
  const successors = await findSuccessors(left, fresh, files);
  if (!successors.ok) return successors;
  const taken = new Set(successors.value.values());
  for (const { object, version } of fresh) {
    // A file of the name of one that was moved away is another unit.
    keys.set(object, successors.value.get(object) ?? (units.has(object) ? `${object}@${version}` : object));
  }
  const gone = left.filter(([key]) => !taken.has(key));
  return success({ keys, gone: gone.map(([, unit]) => ({ object: unit.object, file: files.fileOf(unit) })) });
}

/** New object -> the unit that it takes over. */
async function findSuccessors(
  left: readonly [UnitKey, Unit][],
  fresh: readonly Unit[],
  files: UnitFiles,
): Promise<Result<ReadonlyMap<ObjectPath, UnitKey>>> {
  const successors = new Map<ObjectPath, UnitKey>();
  if (left.length === 0 || fresh.length === 0) return success(successors);
  const claims: { readonly key: UnitKey; readonly object: ObjectPath }[] = [];
  const names = await Promise.all(fresh.map((unit) => namesIn(files.fileOf(unit))));
  for (const [key, unit] of left) {
    const before = await namesIn(files.fileOf(unit));
    if (!before.ok) return before;
    const defined = new Set(before.value?.defined);
    for (const [index, after] of names.entries()) {
      if (!after.ok) return after;
      const object = fresh[index]?.object;
      if (object !== undefined && after.value?.defined.some((name) => defined.has(name))) claims.push({ key, object });
    }
  }
  for (const claim of claims) {
    const isOnly = !claims.some(
      (other) => other !== claim && (other.key === claim.key || other.object === claim.object),
    );
    if (isOnly) successors.set(claim.object, claim.key);
  }
  return success(successors);
}

async function namesIn(file: string | undefined): Promise<Result<SymbolNames | undefined>> {
  if (file === undefined) return success(undefined);
  const object = await readObject(file);
  return object.ok ? success(symbolNames(object.value)) : object;
}
