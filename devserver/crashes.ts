// Where a process crashed, in new code or old: read from what its agent left (runtime/crash.h) when it has ended.

import { readdirSync, rmSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { processStat } from "../plugin/command.js";
import { type CrashFrame, type CrashModule, readCrash, shortName } from "../plugin/elf/index.js";
import type { Patch } from "../plugin/patcher.js";
import type { AppliedPatch, LoadedModule } from "../plugin/process.js";

/** The innermost frame that is in code of the project. */
export interface CrashSite {
  readonly signal: string;
  readonly function: string;
  readonly file: string;
  readonly line: number;
  /** The patch that brought this code; undefined if it is as it was linked. */
  readonly patch?: number;
  /** From whose code it was called, where it crashed in a library: `memcpy`. "" if it crashed there itself. */
  readonly inside: string;
}

/** What is known of a process; it stays known when its connection has ended. */
interface Known {
  readonly pid: number;
  readonly startTime: number;
  view(): { readonly modules: readonly LoadedModule[]; readonly applied: readonly AppliedPatch[] };
}

const SUFFIX = ".crash";

export class Crashes {
  readonly #known = new Map<number, Known>();
  /** Sent and not answered yet: the process may have crashed in it before it could. */
  readonly #sent = new Map<number, Patch>();
  readonly #sites = new Map<number, Promise<CrashSite | undefined>>();

  /** @param filesOf where the file of a module may be that was loaded: the one on disk may have been linked anew */
  constructor(
    private readonly patches: string,
    private readonly filesOf: (module: LoadedModule) => readonly string[] | undefined,
  ) {
    // Nobody reads any more what was left while no dev server ran.
    for (const name of readdirSync(patches).filter((name) => name.endsWith(SUFFIX))) {
      const [pid, startTime] = name.slice(0, -SUFFIX.length).split("-").map(Number);
      const stat = processStat(pid ?? 0);
      if (stat === undefined || stat.startTime !== startTime) rmSync(join(patches, name), { force: true });
    }
  }

  connected(process: Known): void {
    this.#known.set(process.pid, process);
    this.#sites.delete(process.pid);
  }

  /** A patch goes to the process, or undefined: it was refused. */
  sending(pid: number, patch: Patch | undefined): void {
    if (patch === undefined) this.#sent.delete(pid);
    else this.#sent.set(pid, patch);
  }

  /** Of a process that has ended: where, if it crashed with a patch. What it left is deleted. May be asked twice. */
  siteOf(pid: number): Promise<CrashSite | undefined> {
    const site = this.#sites.get(pid) ?? this.#find(pid);
    this.#sites.set(pid, site);
    return site;
  }

  async #find(pid: number): Promise<CrashSite | undefined> {
    const process = this.#known.get(pid);
    const sent = this.#sent.get(pid);
    this.#known.delete(pid);
    this.#sent.delete(pid);
    if (process === undefined) return undefined;
    const record = join(this.patches, `${pid}-${process.startTime}${SUFFIX}`);
    const { modules, applied } = process.view();
    const patchOf = new Map<string, number>();
    const libraries: CrashModule[] = [];
    for (const { patch, libraries: loaded } of applied) {
      for (const { path, start, size } of loaded) {
        patchOf.set(path, patch);
        libraries.push({ path, bias: 0, start, end: start + size, buildId: "" });
      }
    }
    for (const path of sent?.libraries ?? []) {
      if (sent === undefined || patchOf.has(path)) continue;
      patchOf.set(path, sent.number);
      libraries.push({ path, bias: 0, start: 0, end: 0, buildId: "" });
    }
    const ownFiles = new Set<string>();
    const files = modules.flatMap((module) => {
      const own = this.filesOf(module);
      for (const path of own ?? []) ownFiles.add(path);
      return (own ?? [module.path]).map((path) => ({ ...module, path }));
    });
    const crash = await readCrash(record, [...libraries, ...files]);
    rmSync(record, { force: true });
    if (!crash.ok) return undefined;
    const { frames, signal } = crash.value;
    const at = frames.findIndex(({ module, line }) => line > 0 && (patchOf.has(module) || ownFiles.has(module)));
    const frame = frames[at];
    if (frame === undefined) return undefined;
    const patch = patchOf.get(frame.module);
    return {
      signal: signalName(signal),
      function: nameOf(frame),
      file: frame.file,
      line: frame.line,
      ...(patch === undefined ? {} : { patch }),
      inside: frames.slice(0, at).reduceRight((inside, each) => inside || nameOf(each), ""),
    };
  }
}

function nameOf(frame: CrashFrame): string {
  return frame.function === "" ? "" : shortName(frame.function);
}

function signalName(number: number): string {
  return Object.entries(constants.signals).find(([, value]) => value === number)?.[0] ?? `signal ${number}`;
}
