// A patcher whose verdicts a test writes: it moves objects away and back as the real one does, and notes what is asked.

import { existsSync, renameSync, rmSync } from "node:fs";
import type { BuildProject } from "../../devserver/build_tree.js";
import type { ReloadParts } from "../../devserver/reload.js";
import { failure, type Result, success } from "../../plugin/errors.js";
import type { BuildGraph, ObjectPath } from "../../plugin/graph/graph.js";
import type { Patch, PatchOfProcess, ProcessView, Turn, Update } from "../../plugin/patcher.js";
import type { LoadedModule } from "../../plugin/process.js";

type Needed = BuildProject["patcher"] & ReloadParts["patcher"];

export function patch(fields: Partial<Patch> = {}): Patch {
  return {
    number: 1,
    libraries: ["/b/.hotreload/patches/1.so"],
    places: [{ start: 0x10000000, size: 4096 }],
    functions: ["step"],
    addedFunctions: [],
    variables: [],
    writes: [],
    oldCode: [],
    notes: [],
    lined: false,
    ms: { diff: 1, link: 2, bind: 3 },
    introduced: [],
    libraryNames: {},
    ...fields,
  } as Patch;
}

export class ScriptedPatcher implements Needed {
  /** "beforeBuild a.o b.o", "update 17", "commit 17 1", ... */
  readonly calls: string[] = [];
  /** What update() says next; afterwards `unchanged`. */
  readonly updates: Update[] = [];
  /** What turn() says next; afterwards E_UNDO. */
  readonly turns: Result<Turn>[] = [];
  /** What isAsLinked() says. */
  asLinked = true;
  private readonly aside = new Map<ObjectPath, string>();

  constructor(private graph: BuildGraph) {}

  hot(fields: Partial<Patch> = {}): void {
    this.updates.push({ kind: "hot", patch: patch(fields) });
  }

  async isAsLinked(): Promise<boolean> {
    this.calls.push("isAsLinked");
    return this.asLinked;
  }

  setGraph(graph: BuildGraph): void {
    this.graph = graph;
    this.calls.push("setGraph");
  }

  async beforeBuild(objects: readonly ObjectPath[]): Promise<Result<void>> {
    this.calls.push(`beforeBuild ${objects.map(shortened).join(" ")}`.trim());
    for (const object of objects) {
      const path = this.graph.resolve(object);
      if (!existsSync(path)) continue;
      renameSync(path, `${path}.aside`);
      this.aside.set(path, `${path}.aside`);
    }
    return success(undefined);
  }

  async afterBuild(_objects: readonly ObjectPath[]): Promise<Result<void>> {
    this.calls.push("afterBuild");
    for (const [path, place] of this.aside) {
      if (existsSync(path)) rmSync(place);
      else renameSync(place, path);
    }
    this.aside.clear();
    return success(undefined);
  }

  async afterFullBuild(): Promise<Result<void>> {
    this.calls.push("afterFullBuild");
    return success(undefined);
  }

  async restoreModules(): Promise<void> {
    this.calls.push("restoreModules");
  }

  hasLoaded(process: Pick<ProcessView, "modules">, module: string): boolean {
    return process.modules.some(({ path }) => path === module);
  }

  isProjectModule(module: LoadedModule): boolean {
    return module.path.startsWith("/b/");
  }

  roomNear(process: ProcessView, module: LoadedModule): number {
    return process.ranges.filter((range) => range.near === module.start).reduce((sum, range) => sum + range.size, 0);
  }

  async update(process: ProcessView): Promise<Update> {
    this.calls.push(`update ${process.modules.length}`);
    return this.updates.shift() ?? { kind: "unchanged" };
  }

  async commit(_process: ProcessView, committed: Patch): Promise<Result<void>> {
    this.calls.push(`commit ${committed.number}`);
    return success(undefined);
  }

  patchesOf(process: ProcessView): PatchOfProcess[] {
    return process.applied.map(({ patch, standing }) => ({ patch, standing, functions: [] }));
  }

  turn(process: ProcessView, way: "undo" | "redo"): Result<Turn> {
    this.calls.push(`turn ${way}`);
    return this.turns.shift() ?? failure("E_UNDO", `process ${process.pid} has nothing to ${way}`);
  }

  async turned(process: ProcessView, number: number): Promise<void> {
    this.calls.push(`turned ${number} ${process.applied.map(({ standing }) => standing).join()}`);
  }

  greet(): void {}

  async forget(processes: readonly { readonly pid: number }[]): Promise<void> {
    for (const { pid } of processes) this.calls.push(`forget ${pid}`);
  }

  /** The calls since the last time. */
  taken(): string[] {
    return this.calls.splice(0);
  }
}

/** CMakeFiles/app.dir/a.c.o -> a.c.o */
function shortened(object: ObjectPath): string {
  return object.replace(/^.*\.dir\//, "");
}
