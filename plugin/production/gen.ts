// Makes a patch file from the objects of a fix and the module that runs.
import { readdir, readFile, stat } from "node:fs/promises";
import { userInfo } from "node:os";
import { basename, join } from "node:path";
import { layouts, type NamePair, type Produced, produce, shortName } from "../elf/index.js";
import { failure, type Problem, type Result, success } from "../errors.js";
import { packageVersion } from "../package_root.js";
import { placedProblems } from "../places.js";
import { type Manifest, writePatchFile } from "./patch_file.js";

/** What a patch is made of. */
export interface PatchParts {
  readonly module: string;
  readonly debugFile?: string;
  readonly unit?: string;
  /** Name in the module, name in the fix. */
  readonly replace: readonly NamePair[];
  readonly set: readonly NamePair[];
  readonly applyInitializers: boolean;
  readonly name: string;
  readonly description?: string;
  /** Kept in the process with the description, for whoever patches it next. */
  readonly versions?: Readonly<Record<string, string>>;
}

export interface GenRequest extends Omit<PatchParts, "name"> {
  /** Objects of the fix. */
  readonly objects: readonly string[];
  /** An object or a folder of objects as it was linked into the module, and the changed one. */
  readonly from?: string;
  readonly to?: string;
  readonly output: string;
  readonly name?: string;
}

export interface GenReport {
  readonly manifest: Manifest;
  readonly digest: string;
  readonly output: string;
}

export interface Refused {
  readonly kind: "refused";
  readonly reasons: readonly Problem[];
}

export type GenOutcome = { readonly kind: "made"; readonly report: GenReport } | Refused;

export type PatchOutcome =
  | {
      readonly kind: "made";
      readonly manifest: Manifest;
      readonly payload: Buffer;
      /** Objects of the fix whose types could not be compared. */
      readonly untyped: readonly string[];
    }
  | Refused;

const refused = (...reasons: Problem[]): Refused => ({ kind: "refused", reasons });

/** Writes the patch file, unless anything is refused: then nothing is written. */
export async function generatePatch(request: GenRequest): Promise<GenOutcome> {
  const pairs = await objectPairs(request);
  if (!pairs.ok) return refused(pairs.problem);
  const name = request.name ?? basename(request.output, ".hrp");
  const made = await makePatch({ ...request, name }, pairs.value);
  if (made.kind === "refused") return made;
  const notes = made.untyped.map((object) => `${basename(object)} has no debug information: types were not compared`);
  const manifest = { ...made.manifest, notes: [...new Set([...made.manifest.notes, ...notes])] };
  const digest = await writePatchFile(request.output, manifest, made.payload);
  return { kind: "made", report: { manifest, digest, output: request.output } };
}

/**
 * The patch, in memory.
 * @param pairs object of the fix, and the one that was linked into the module or ""
 */
export async function makePatch(request: PatchParts, pairs: readonly NamePair[]): Promise<PatchOutcome> {
  const { name } = request;
  const created = new Date().toISOString();
  const by = userInfo().username;
  const produced = await produce({
    module: request.module,
    debugFile: request.debugFile ?? "",
    unit: request.unit ?? "",
    objects: pairs,
    renames: request.replace,
    values: request.set,
    applyInitializers: request.applyInitializers,
    description: JSON.stringify({
      name,
      description: request.description ?? "",
      created,
      by,
      versions: request.versions,
    }),
  });
  if (!produced.ok) return refused(produced.problem);
  const checked = await compareTypes(pairs, produced.value);
  const placed = await placedProblems(
    produced.value.refusals,
    pairs.map(({ first, second }) => ({ before: second || null, after: first })),
  );
  const reasons = [...checked.reasons, ...placed];
  if (reasons.length > 0) return refused(...reasons);
  const { value } = produced;
  const manifest: Manifest = {
    name,
    description: request.description ?? "",
    created,
    by,
    version: packageVersion(),
    module: basename(request.module),
    buildId: value.buildId,
    bits: value.bits,
    replaces: readable(value.replaced),
    addsFunctions: readable(value.addedFunctions),
    addsVariables: readable(value.addedVariables),
    sets: readable(value.edited),
    notes: [
      ...readable(value.kept).map((variable) => `the initializer of ${variable} differs; its live value stays`),
      ...readable(value.unused).map((name) => `nothing calls ${name}: it was compiled into its callers`),
    ],
  };
  return { kind: "made", manifest, payload: value.payload, untyped: checked.untyped };
}

/** Demangled, without the source in front of a static's name, each once. */
export function readable(names: readonly string[]): string[] {
  const isNoise = (name: string) => name.startsWith("_ZGV") || name.startsWith("_ZTI") || name.startsWith("_ZTS");
  const plain = names.map((name) => (/^[^:]+:(?!:)/.test(name) ? name.slice(name.indexOf(":") + 1) : name));
  return [...new Set(plain.filter((name) => !isNoise(name)).map((name) => shortName(name.replace(/\.#.*$/, ""))))];
}

/** Object of the fix, and what it is compared with or "". */
async function objectPairs(request: GenRequest): Promise<Result<NamePair[]>> {
  const { from, to } = request;
  const pairs = request.objects.map((object) => ({ first: object, second: "" }));
  if (from === undefined || to === undefined) {
    if (from !== to) return failure("E_PATCH_FILE", "--from and --to belong together");
    if (pairs.length > 0 || request.set.length > 0) return success(pairs);
    return failure("E_PATCH_FILE", "there is no object: name one, or --from and --to, or --set a value");
  }
  const folders = await Promise.all([from, to].map(isFolder));
  for (const [index, folder] of folders.entries()) {
    if (folder === undefined) return failure("E_ELF", "does not exist", { file: index === 0 ? from : to });
  }
  if (folders[0] !== folders[1]) return failure("E_PATCH_FILE", "--from and --to are both objects or both folders");
  if (folders[0] === false) return success([...pairs, { first: to, second: from }]);
  for (const object of await objectsIn(to)) {
    const [first, second] = [join(to, object), join(from, object)];
    const before = await readFile(second).catch(() => undefined);
    if (before === undefined) pairs.push({ first, second: "" });
    else if (!before.equals(await readFile(first))) pairs.push({ first, second });
  }
  if (pairs.length === 0) return failure("E_UNCHANGED", `no object of ${to} differs from that in ${from}`);
  return success(pairs);
}

async function isFolder(path: string): Promise<boolean | undefined> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => undefined,
  );
}

async function objectsIn(folder: string): Promise<string[]> {
  const found = await readdir(folder, { recursive: true });
  return found.filter((path) => path.endsWith(".o")).sort();
}

/** Types that old and new code see differently, and the objects of the fix that have no debug information to tell. */
async function compareTypes(pairs: readonly NamePair[], produced: Produced) {
  const reasons: Problem[] = [];
  const untyped: string[] = [];
  for (const { first, second } of pairs) {
    if (second === "" || produced.replaced.length === 0) continue;
    const found = await layouts(second, first);
    if (!found.ok) {
      reasons.push(found.problem);
      continue;
    }
    for (const { code, message, file, line } of found.value) {
      if (file !== "") reasons.push({ code, message, file, line });
      else untyped.push(first);
    }
  }
  return { reasons, untyped };
}
