// Loads the build graph of a CMake build directory: build.ninja and .ninja_deps or makefiles and depfiles, and the targets
// of the File API.
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { failure, type Result, success } from "../errors.js";
import { type ConfigureInputs, findConfigureInputs } from "./configure_inputs.js";
import { dirtyObjects, generatedFiles } from "./dependents.js";
import { type BuildStatements, type Edges, numberEdges, readManifest } from "./edges.js";
import { type CodeModel, readFileApi } from "./file_api.js";
import { globDirectories } from "./glob_directories.js";
import type { BuildGraph, ObjectPath, Target } from "./graph.js";
import { readLinkerRules } from "./linker_rules.js";
import { readMakefiles } from "./makefiles.js";
import { findModules, type Modules } from "./modules.js";
import { readNinjaDeps } from "./ninja_deps.js";
import { type NodeId, Nodes } from "./nodes.js";
import { realPath } from "./real_paths.js";
import { nothingReported, type Reported, readReported } from "./reported.js";
import { type Places, SourceFiles } from "./watched_files.js";

/** A graph that also tells what is odd without being wrong: a .ninja_deps with a torn tail. */
export interface LoadedGraph extends BuildGraph {
  readonly notes: readonly string[];
}

/** Who tells the targets: CMake, which was asked with `writeFileApiQuery` before it ran, or build.ninja as it is. */
export type TargetSource = "file-api" | "linker-rules";

/**
 * @param buildDir where CMake was run for Ninja, Ninja Multi-Config or Unix Makefiles; for "linker-rules" for Ninja
 * @returns E_GRAPH, E_FILE_API, E_NINJA_SYNTAX or E_NINJA_LOG
 */
export async function loadGraph(buildDir: string, targets: TargetSource = "file-api"): Promise<Result<LoadedGraph>> {
  const directory = realPath(resolve(buildDir));
  const read = readStatements(directory);
  if (!read.ok) return read;
  const { statements, configuration } = read.value;
  const model =
    targets === "file-api" ? await readFileApi(directory, configuration) : readLinkerRules(directory, statements);
  if (!model.ok) return model;
  if (realPath(model.value.buildDir) !== directory) {
    const message = `CMake configured it as ${model.value.buildDir}; run cmake again where it is now`;
    return failure("E_FILE_API", message, { file: directory });
  }

  const { sourceDir, buildDir: spelling, cmakeRoot } = model.value;
  const places: Places = { sourceDir: realPath(sourceDir), buildDir: directory, cmakeRoot: realPath(cmakeRoot) };
  const nodes = new Nodes(directory, [resolve(buildDir), spelling]);
  const edges = numberEdges(statements, nodes);
  const graph = new Graph({
    places,
    model: model.value,
    nodes,
    edges,
    modules: findModules(model.value.targets, edges, nodes),
    configureInputs: findConfigureInputs(edges, nodes, places),
  });
  const refreshed = await graph.refreshDeps();
  if (!refreshed.ok) return refreshed;
  graph.warmUp();
  return success(graph);
}

interface Statements {
  readonly statements: BuildStatements;
  /** Where the build has several, the one that is built by default. */
  readonly configuration: string | undefined;
}

function readStatements(directory: string): Result<Statements> {
  const file = join(directory, "build.ninja");
  if (existsSync(file)) {
    const manifest = readManifest(file);
    if (!manifest.ok) return manifest;
    // Ninja Multi-Config: build.ninja includes the edges of its default configuration.
    const names = manifest.value.files.map((each) => /\/CMakeFiles\/impl-([^/]+)\.ninja$/.exec(each)?.[1]);
    return success({ statements: manifest.value, configuration: names.find((name) => name !== undefined) });
  }
  if (existsSync(join(directory, "Makefile"))) {
    const makefiles = readMakefiles(directory);
    return makefiles.ok ? success({ statements: makefiles.value, configuration: undefined }) : makefiles;
  }
  return failure("E_GRAPH", "there is neither a build.ninja nor a Makefile: configure with cmake", { file: directory });
}

/** After these a question takes as long as any later one: with 5,000 objects 1 ms instead of 4. */
const WARM_UP_QUESTIONS = 60;
/** With fewer edges even the first question takes a millisecond, and 3 MiB are saved. */
const WARM_UP_EDGES = 2000;
/** For a graph of which one question takes long. */
const WARM_UP_MS = 200;

interface Parts {
  readonly places: Places;
  readonly model: CodeModel;
  readonly nodes: Nodes;
  readonly edges: Edges;
  readonly modules: Modules;
  readonly configureInputs: ConfigureInputs;
}

class Graph implements LoadedGraph {
  readonly buildDir: string;
  readonly sourceDir: string;
  readonly projectName: string;
  readonly targets: readonly Target[];
  private readonly parts: Parts;
  private readonly sources: SourceFiles;
  private reported: Reported = nothingReported;
  private watched: readonly string[] | undefined;
  private note: string | undefined;

  constructor(parts: Parts) {
    this.parts = parts;
    this.buildDir = parts.places.buildDir;
    this.sourceDir = parts.places.sourceDir;
    this.projectName = parts.model.projectName;
    this.targets = parts.modules.targets;
    this.sources = new SourceFiles(parts.edges, parts.nodes, parts.places);
  }

  get notes(): readonly string[] {
    return this.note === undefined ? [] : [this.note];
  }

  /** Real paths, in no particular order. After `refreshDeps` new headers are among them. */
  get watchedFiles(): readonly string[] {
    this.watched ??= this.listWatchedFiles();
    return this.watched;
  }

  affectedObjects(files: readonly string[]): ObjectPath[] {
    const { edges, modules } = this.parts;
    const edited = this.sourcesAmong(files);
    if (edited.length === 0) return [];
    return dirtyObjects(this.nodesOfAll(edited), edges, this.reported, modules.objects)
      .filter((object) => modules.modulesOf(object).length > 0)
      .flatMap((object) => edges.nameOf(object) ?? []);
  }

  /** The first questions of a process take several times as long as later ones: they should not be the first saves. */
  warmUp(): void {
    if (this.parts.edges.count < WARM_UP_EDGES) return;
    const files = this.watchedFiles;
    const end = performance.now() + WARM_UP_MS;
    const step = Math.max(1, Math.floor(files.length / WARM_UP_QUESTIONS));
    for (let i = 0; i < files.length && performance.now() < end; i += step) this.affectedObjects(files.slice(i, i + 1));
  }

  generatedFrom(files: readonly string[]): string[] {
    const { edges, nodes, modules } = this.parts;
    const made = generatedFiles(this.nodesOfAll(this.sourcesAmong(files)), edges, this.reported, modules.objects);
    return made.map((node) => nodes.absolute(node));
  }

  isConfigureInput(file: string): boolean {
    const path = resolve(file);
    return this.parts.configureInputs.has(path) || this.parts.configureInputs.has(realPath(path));
  }

  modulesOf(object: ObjectPath): readonly string[] {
    const node = this.parts.nodes.find(object);
    return node === undefined ? [] : this.parts.modules.modulesOf(node);
  }

  objectsOf(module: string): readonly ObjectPath[] {
    return this.parts.modules.objectsOf(module);
  }

  get hasGlobs(): boolean {
    return this.parts.configureInputs.hasGlobs;
  }

  globDirectories(): readonly string[] {
    return this.hasGlobs ? globDirectories(this.buildDir) : [];
  }

  commandOf(output: string): string | undefined {
    const producer = this.parts.edges.producerOf(this.parts.nodes.find(output) ?? -1);
    return producer === undefined ? undefined : this.parts.edges.edge(producer).get("command");
  }

  resolve(object: ObjectPath): string {
    return this.parts.nodes.resolve(object);
  }

  /** Never while ninja runs. On an error the graph keeps what it knew. */
  async refreshDeps(): Promise<Result<void>> {
    const { edges, nodes } = this.parts;
    const builddir = edges.statements.variables.get("builddir") ?? "";
    const deps = await readNinjaDeps(join(nodes.resolve(builddir), ".ninja_deps"));
    if (!deps.ok) return deps;
    const reported = await readReported(edges, nodes, deps.value);
    if (!reported.ok) return reported;
    this.note = deps.value.note;
    this.reported = reported.value;
    this.sources.update();
    this.watched = undefined;
    return success(undefined);
  }

  private sourcesAmong(files: readonly string[]): string[] {
    return files.filter((file) => !this.isConfigureInput(file));
  }

  private nodesOfAll(files: readonly string[]): NodeId[] {
    return files.flatMap((file) => this.nodesOf(file));
  }

  /** A file may be known by its real path, or as ninja spells it (system headers, generated files). */
  private nodesOf(file: string): NodeId[] {
    const path = resolve(file);
    const real = realPath(path);
    const found = new Set(this.sources.nodesOf(real));
    for (const name of [path, real]) {
      const node = this.parts.nodes.find(name);
      if (node !== undefined) found.add(node);
    }
    return [...found];
  }

  private listWatchedFiles(): string[] {
    const { edges, nodes, configureInputs } = this.parts;
    const files = new Set<string>();
    for (let node = 0; node < nodes.count; node++) {
      const real = this.sources.realPathOf(node);
      if (real === undefined) continue;
      if (edges.usersOf(node).length > 0 || this.reported.isRead(node)) files.add(real);
    }
    for (const file of configureInputs.watched) files.add(file);
    return [...files];
  }
}
