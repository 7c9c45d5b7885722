// The native addon as TypeScript sees it: opaque handles, plain values, and Results instead of rejections.
import { createRequire } from "node:module";
import { join } from "node:path";
import { type Code, failure, type Result, success } from "../errors.js";
import { packageRoot } from "../package_root.js";

declare const kind: unique symbol;
/** An object file, read and indexed. Native memory, freed by the garbage collector. */
export type ObjectHandle = { readonly [kind]: "object" };
export type ModuleHandle = { readonly [kind]: "module" };
/** Where the local symbols of an object ended up in its module. */
export type LocatedHandle = { readonly [kind]: "located" };
/** What a list of shared libraries exports, with versions. */
export type ExportsHandle = { readonly [kind]: "exports" };
export type PlanHandle = { readonly [kind]: "plan" };

export interface ModuleFile {
  readonly handle: ModuleHandle;
  /** Lower-case hexadecimal, "" if the file has none. */
  readonly buildId: string;
  readonly executable: boolean;
}

export interface Refusal {
  readonly code: Code;
  readonly message: string;
  /** Mangled. */
  readonly symbol: string;
}

/** Lists of keys: mangled names, those of C's function statics without their numbers. */
export interface ObjectDiff {
  readonly changedFunctions: readonly string[];
  readonly newFunctions: readonly string[];
  readonly newVariables: readonly string[];
  readonly changedInitializers: readonly string[];
  readonly changedConstants: readonly string[];
  /** New variables that initializers of the file refer to. */
  readonly initialized: readonly string[];
  /** Variables that were there, whose dynamic initializers, or those of variables beside them, have other code. */
  readonly rewrittenInitializers: readonly string[];
  /** Initializers have, or may have, other code that no variable can be told of. */
  readonly otherInitializers: boolean;
  /** Function statics that were there and are initialized by other code now. */
  readonly staticInitializers: readonly string[];
  /** New functions that are marked to run at start-up. */
  readonly startFunctions: readonly string[];
  /** Functions, in words, whose lambdas changed so much that closures that live keep the old code. */
  readonly leftBehind: readonly string[];
  readonly refusals: readonly Refusal[];
}

/** Something that a patch brought: canonical for all later patches. */
export interface Introduced {
  /** Path of the module that the patch is for. */
  readonly module: string;
  /** The object that a local symbol belongs to, else "". */
  readonly object: string;
  readonly key: string;
  readonly kind: "function" | "variable" | "constant" | "threadLocal";
  /** In the process; of a thread-local its offset in the TLS block. */
  readonly address: number;
  readonly size: number;
  /** Of a thread-local: TLS module id of the patch library. */
  readonly tlsModule: number;
  /** It was there before: the patch only gave it another name. */
  readonly renamed?: boolean;
  /** Of a variable that a patch brought or gave other initial contents: the pointers in them, as [offset, address]. */
  readonly pointers: readonly (readonly [number, number])[];
}

/** A function that the process has and the project no longer. */
export interface Removed {
  /** The object that a local function belongs to, else "". */
  readonly object: string;
  readonly key: string;
  readonly weak: boolean;
}

export interface PlanInput {
  /** The project's modules in load order. */
  readonly modules: readonly { readonly handle: ModuleHandle; readonly bias: number; readonly tlsModule: number }[];
  /** Index of the module to patch. */
  readonly target: number;
  readonly introduced: readonly Introduced[];
  /** By earlier patches. */
  readonly removed: readonly Removed[];
  /** Functions that their callers must call in another way than before: mangled. */
  readonly renewed: readonly string[];
  /** Paths of the module's objects that are not part of the patch. */
  readonly others: readonly string[];
  readonly objects: readonly {
    readonly id: string;
    readonly before: ObjectHandle | null;
    readonly after: ObjectHandle;
    /** `after` as it was built, if that is another form of it that can construct its new variables. */
    readonly built: ObjectHandle | null;
    /** The version that the lines of the process are of, if they shall be brought up to date; may be `before` itself. */
    readonly lines: ObjectHandle | null;
    readonly located: LocatedHandle | null;
  }[];
  /** Address in the process, page-aligned. */
  readonly start: number;
  /** Where the prepared objects are written. */
  readonly directory: string;
}

export interface Plan {
  readonly handle: PlanHandle;
  readonly diffs: readonly ObjectDiff[];
  readonly refusals: readonly Refusal[];
  /** In the order of the patch table. A variable is written only if it still has what it began with. */
  readonly writes: readonly { readonly key: string; readonly conditional: boolean }[];
  /** Variables that keep their value although they begin with another one now. */
  readonly kept: readonly { readonly key: string; readonly reason: string }[];
  /** From this patch on. */
  readonly removed: readonly Removed[];
  /** To link, in this order. */
  readonly files: readonly string[];
  /** Global functions that are in the patch in any case, mangled: backtraces name them. */
  readonly named: readonly string[];
  /** Nothing to load: no code and no data changed. */
  readonly empty: boolean;
  /** There are functions that only moved (Redirect.moved). */
  readonly lined: boolean;
  /** What constructs new variables calls other modules of the project. */
  readonly constructionsLeaveModule: boolean;
}

/** In bytes, addresses in the process. */
export interface CodeRange {
  readonly start: number;
  readonly size: number;
}

/** A function that was replaced. */
export interface Redirect {
  /** Mangled. */
  readonly name: string;
  readonly entry: number;
  /** As it was linked, with the compiler's clones of it. */
  readonly oldCode: readonly CodeRange[];
  /** In the patch. */
  readonly newCode: readonly CodeRange[];
  /** Its code is the same, and comes along for the sake of its lines. */
  readonly moved: boolean;
  /** Functions that changed, mangled: its old code, which was optimised, may go by what they did (core/reliance.h). */
  readonly reliedOn: readonly string[];
}

export interface Bound {
  /** Bytes of address space from the start of the library. */
  readonly size: number;
  readonly redirects: readonly Redirect[];
  readonly introduced: readonly Introduced[];
  readonly refusals: readonly Refusal[];
}

export interface LayoutChange {
  readonly code: Code;
  readonly message: string;
  /** Of a function whose signature changed: its symbol, else "". */
  readonly symbol: string;
  readonly file: string;
  readonly line: number;
  /** The type whose layout changed, "" for anything else. */
  readonly type: string;
}

export interface TypeUse {
  readonly type: string;
  /** Among the local variables of a function, or anywhere else. */
  readonly form: "local" | "escape";
  /** In words. */
  readonly user: string;
  /** Of a local use: linkage names of the function, and of those that it was inlined into. */
  readonly functions: readonly string[];
}

/** Mangled names, each once. */
export interface SymbolNames {
  /** Name of the source file, without directories. */
  readonly source: string;
  /** Strong definitions: a program has one of each. */
  readonly defined: readonly string[];
  /** Strong references to what the object does not define. */
  readonly undefined: readonly string[];
  /** Keys of writable variables that only this translation unit knows. */
  readonly statics: readonly string[];
}

/** Where a function or variable is declared. */
export interface Place {
  /** Absolute. */
  readonly file: string;
  readonly line: number;
  /** As it is written there. */
  readonly name: string;
  /** Of a function: it has some. */
  readonly parameters: boolean;
}

/** A file that may have been loaded in a process that crashed: of several at one place the first right one counts. */
export interface CrashModule {
  readonly path: string;
  readonly bias: number;
  /** In the process; both 0 if they are not known. */
  readonly start: number;
  readonly end: number;
  /** One that has another build-id is not looked at. "": not checked. */
  readonly buildId: string;
}

/** Of what is not known "" or 0. */
export interface CrashFrame {
  /** Path of the file that the code is in. */
  readonly module: string;
  /** Mangled. */
  readonly function: string;
  /** Absolute. */
  readonly file: string;
  readonly line: number;
}

/** Where a process was ended by a signal. */
export interface CrashPlace {
  readonly signal: number;
  /** The innermost one first. */
  readonly frames: readonly CrashFrame[];
}

/** A pair of names: what stands for what is said where it is used. */
export interface NamePair {
  readonly first: string;
  readonly second: string;
}

export interface ProduceInput {
  /** Path of the executable or shared library that runs. */
  readonly module: string;
  /** Path of the file with the symbols of a stripped module, or "". */
  readonly debugFile: string;
  /** Source name of the translation unit whose statics are meant, or "". */
  readonly unit: string;
  /** Object of the fix, and the object that was linked into the module or "". */
  readonly objects: readonly NamePair[];
  /** Name in the module, name in the fix. */
  readonly renames: readonly NamePair[];
  /** Variable, value. */
  readonly values: readonly NamePair[];
  readonly applyInitializers: boolean;
  /** JSON, kept in the process. */
  readonly description: string;
}

/** Names are mangled; those of statics that the fix brings have their source and a colon in front. */
export interface Produced {
  readonly payload: Buffer;
  readonly buildId: string;
  readonly bits: number;
  readonly replaced: readonly string[];
  readonly addedFunctions: readonly string[];
  readonly addedVariables: readonly string[];
  /** Variables that get a value. */
  readonly edited: readonly string[];
  /** Variables whose initializer changed and whose live value stays. */
  readonly kept: readonly string[];
  /** Replaced, but nothing calls them: the compiler put them into their callers. */
  readonly unused: readonly string[];
  /** No payload if there are any. */
  readonly refusals: readonly Refusal[];
}

interface Addon {
  produce(input: ProduceInput): Promise<Produced>;
  readObject(path: string): Promise<ObjectHandle>;
  symbolNames(object: ObjectHandle): SymbolNames;
  readModule(path: string, objects: readonly string[]): Promise<ModuleFile>;
  locate(module: ModuleHandle, original: ObjectHandle): Promise<LocatedHandle>;
  diff(before: ObjectHandle, after: ObjectHandle): Promise<ObjectDiff>;
  layouts(before: string, after: string): Promise<LayoutChange[]>;
  typeUses(object: string, types: readonly string[]): Promise<TypeUse[]>;
  places(object: string): Promise<(Place & { readonly symbol: string })[]>;
  readCrash(record: string, modules: readonly CrashModule[]): Promise<CrashPlace>;
  plan(input: PlanInput): Promise<Plan>;
  bind(plan: PlanHandle, library: string): Promise<Bound>;
  readExports(libraries: readonly string[]): Promise<ExportsHandle>;
  writeStandIns(exports: ExportsHandle, plan: PlanHandle, directory: string): Promise<string[]>;
  shortName(mangled: string): string;
  peerCredentials(fd: number): { readonly pid: number; readonly uid: number } | undefined;
}

const ADDON = "plugin/elf/build/hotreload_elf.node";

let loaded: Addon | undefined;

/** Loads the native part now: this process may lose the right to read it. */
export function loadAddon(): void {
  addon();
}

function addon(): Addon {
  loaded ??= createRequire(import.meta.url)(join(packageRoot(), ADDON)) as Addon;
  return loaded;
}

async function settle<T>(promise: Promise<T>): Promise<Result<T>> {
  try {
    return success(await promise);
  } catch (error) {
    const { code, message, file } = error as { code?: Code; message: string; file?: string };
    if (!code || error instanceof Error) throw error;
    return failure(code, message, file ? { file } : {});
  }
}

/** Errors: E_ELF, E_RELOCATION. */
export const readObject = (path: string): Promise<Result<ObjectHandle>> => settle(addon().readObject(path));

export const symbolNames = (object: ObjectHandle): SymbolNames => addon().symbolNames(object);

/**
 * @param objects files of the objects that it was linked from; only asked for where the linker made global symbols local
 * Errors: E_ELF, E_STRIPPED, E_LOCALIZED (they are needed, and there are none).
 */
export async function readModule(path: string, objects: () => readonly string[]): Promise<Result<ModuleFile>> {
  const read = await settle(addon().readModule(path, []));
  return read.ok || read.problem.code !== "E_LOCALIZED" ? read : settle(addon().readModule(path, objects()));
}

/** `original` is the object as it was linked into the module. Errors: E_LOCATE. */
export const locate = (module: ModuleHandle, original: ObjectHandle): Promise<Result<LocatedHandle>> =>
  settle(addon().locate(module, original));

export const diff = (before: ObjectHandle, after: ObjectHandle): Promise<Result<ObjectDiff>> =>
  settle(addon().diff(before, after));

/** Types, variables and signatures that two object files describe differently. Errors: E_ELF. */
export const layouts = (before: string, after: string): Promise<Result<LayoutChange[]>> =>
  settle(addon().layouts(before, after));

/** Who has objects of these types, as far as the object's debug information shows. Errors: E_ELF. */
export const typeUses = (object: string, types: readonly string[]): Promise<Result<TypeUse[]>> =>
  settle(addon().typeUses(object, types));

/** Symbol -> where it is declared, of what an object file defines. Errors: E_ELF. */
export async function places(object: string): Promise<Result<Map<string, Place>>> {
  const found = await settle(addon().places(object));
  return found.ok ? success(new Map(found.value.map((place) => [place.symbol, place]))) : found;
}

/** Where a process crashed, by what its agent left of it (runtime/crash.h). Errors: E_ELF. */
export const readCrash = (record: string, modules: readonly CrashModule[]): Promise<Result<CrashPlace>> =>
  settle(addon().readCrash(record, modules));

/** Compares, chooses, and writes the objects to link. Errors: E_ELF, E_RELOCATION. */
export const plan = (input: PlanInput): Promise<Result<Plan>> => settle(addon().plan(input));

/** Edits the linked library in place. Errors: E_ELF, E_BIND. */
export const bind = (handle: PlanHandle, library: string): Promise<Result<Bound>> =>
  settle(addon().bind(handle, library));

/**
 * The image of a production patch (plugin/elf/image). Errors: E_ELF, E_STRIPPED, E_LOCATE, E_RELOCATION, E_UNDEFINED,
 * E_THREAD_LOCAL, E_VARIABLE, E_UNCHANGED, E_OTHER_BUILD (the module has no build-id).
 */
export const produce = (input: ProduceInput): Promise<Result<Produced>> => settle(addon().produce(input));

/** In load order. A file that is no shared library is left out. */
export const readExports = (libraries: readonly string[]): Promise<ExportsHandle> => addon().readExports(libraries);

/** Writes shared libraries that have just what the plan takes from those of others; returns their paths. */
export const writeStandIns = (
  exports: ExportsHandle,
  handle: PlanHandle,
  directory: string,
): Promise<Result<string[]>> => settle(addon().writeStandIns(exports, handle, directory));

/** `_ZN4Body4kickEd` -> `Body::kick`. */
export const shortName = (mangled: string): string => addon().shortName(mangled);

/** The process at the other end of a Unix socket, undefined if it cannot be told. */
export const peerCredentials = (fd: number): { readonly pid: number; readonly uid: number } | undefined =>
  addon().peerCredentials(fd);
