// Types whose objects may be alive must keep their layout, and variables their types, and functions their signatures.
//
// A changed layout is harmless where nobody but frames of one function can have objects of the type: such a frame goes on
// in its old code. It must be the only code that changed, since another new function could be handed an old object.
import { type LayoutChange, layouts, type ObjectDiff, type TypeUse, typeUses } from "./elf/index.js";
import { type Problem, type Result, success } from "./errors.js";

/** Both versions of an object, and what of its code changed. */
export interface ComparedObject {
  /** Path of the module that it is linked into. */
  readonly module: string;
  /** What was linked into the module; null for an object that was not. */
  readonly original: string | null;
  readonly before: string;
  readonly after: string;
  readonly diff: ObjectDiff | undefined;
}

/** Functions that have to be called in another way than before: module -> symbol -> what changed, and where. */
export type Renewed = ReadonlyMap<string, ReadonlyMap<string, Problem>>;

export interface CheckedLayouts {
  readonly problems: readonly Problem[];
  readonly renewed: Renewed;
}

/** In a message, so many users of a type are named. */
const NAMED_USERS = 3;

/**
 * What live objects cannot follow, even where no code changed yet: a member that was added into padding is not there in
 * live objects when the next edit uses it.
 */
export async function checkLayouts(objects: readonly ComparedObject[]): Promise<Result<CheckedLayouts>> {
  const found = await Promise.all(objects.map(({ before, after }) => layouts(before, after)));
  const changes: LayoutChange[] = [];
  const renewed = new Map<string, Map<string, Problem>>();
  for (const [index, result] of found.entries()) {
    if (!result.ok) return result;
    const { module = "", diff } = objects[index] ?? {};
    for (const { code, message, symbol, file, line } of result.value.filter(({ symbol }) => symbol !== "")) {
      renewed.set(module, (renewed.get(module) ?? new Map()).set(symbol, { code, message, file, line }));
    }
    // Nothing can be seen (no debug information): that matters where code changed.
    changes.push(...result.value.filter(({ file, symbol }) => symbol === "" && (file !== "" || hasCode(diff))));
  }
  const returned = await findReturnedVariables(objects);
  if (!returned.ok) return returned;
  changes.push(...returned.value);
  const types = [...new Set(changes.map(({ type }) => type).filter((type) => type !== ""))];
  const uses = await usesOf(objects, types);
  if (!uses.ok) return uses;
  const changed = new Set(objects.flatMap(({ diff }) => diff?.changedFunctions ?? []));
  const harmless = new Set(types.filter((type) => isOnStackAlone(usesOfType(uses.value, type), changed)));
  const problems = changes
    .filter(({ type }) => !harmless.has(type))
    .map((change) => problemOf(change, usesOfType(uses.value, change.type)));
  return success({ problems, renewed });
}

/**
 * A variable that no version of late had, and that is there again, is the one that the module has: it was left out by a
 * compiler because nothing used it, or taken out. Its type must still be what it was.
 */
async function findReturnedVariables(objects: readonly ComparedObject[]): Promise<Result<LayoutChange[]>> {
  const changes: LayoutChange[] = [];
  for (const { original, before, after, diff } of objects) {
    if (original === null || original === before || diff === undefined || diff.newVariables.length === 0) continue;
    const found = await layouts(original, after);
    if (!found.ok) return found;
    changes.push(...found.value.filter(({ code }) => code === "E_VARIABLE"));
  }
  return success(changes);
}

async function usesOf(objects: readonly ComparedObject[], types: readonly string[]): Promise<Result<TypeUse[]>> {
  const uses: TypeUse[] = [];
  if (types.length === 0) return success(uses);
  for (const result of await Promise.all(objects.map(({ before }) => typeUses(before, types)))) {
    if (!result.ok) return result;
    uses.push(...result.value);
  }
  return success(uses);
}

const usesOfType = (uses: readonly TypeUse[], type: string) => uses.filter((use) => use.type === type);

function isOnStackAlone(uses: readonly TypeUse[], changed: ReadonlySet<string>): boolean {
  if (uses.length === 0 || uses.some(({ form }) => form !== "local")) return false;
  const sources = new Set(uses.map(({ functions }) => functions[0]));
  const holders = new Set(uses.flatMap(({ functions }) => functions));
  return sources.size === 1 && [...changed].every((name) => holders.has(name));
}

function problemOf({ code, message, file, line }: LayoutChange, uses: readonly TypeUse[]): Problem {
  const users = [...new Set(uses.map(({ user }) => user))].sort((a, b) => rankOf(a) - rankOf(b));
  const more = users.length > NAMED_USERS ? `, and ${users.length - NAMED_USERS} more` : "";
  const used = users.length > 0 ? `; it is used by ${users.slice(0, NAMED_USERS).join(", ")}${more}` : "";
  return file === "" ? { code, message } : { code, message: message + used, file, line };
}

/** What the program's author knows comes first: variables, then types and functions that are not of a template. */
function rankOf(user: string): number {
  if (user.startsWith("the variable ")) return 0;
  return /[<]|^_|^the type _|^a pointer|\b(?:std|__gnu_cxx)::/.test(user) ? 2 : 1;
}

function hasCode(diff: ObjectDiff | undefined): boolean {
  return diff !== undefined && diff.changedFunctions.length + diff.newFunctions.length + diff.refusals.length > 0;
}
