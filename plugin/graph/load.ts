// Loads the build graph of a CMake + Ninja build directory: build.ninja, .ninja_deps, the targets of the File API.
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { failure, type Result, success } from "../errors.js";
import { type ConfigureInputs, findConfigureInputs } from "./configure_inputs.js";
import { dirtyObjects } from "./dependents.js";
import { type Edges, numberEdges, readManifest } from "./edges.js";
import { type CodeModel, readFileApi } from "./file_api.js";
import type { BuildGraph, ObjectPath, Target } from "./graph.js";
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

/**
 * @param buildDir where CMake was run with `-G Ninja`, after `writeFileApiQuery`
 * @returns E_GRAPH, E_FILE_API, E_NINJA_SYNTAX or E_NINJA_LOG
 */
export async function loadGraph(buildDir: string): Promise<Result<LoadedGraph>> {
  const directory = realPath(resolve(buildDir));
  const file = join(directory, "build.ninja");
  const model = await readFileApi(directory);
  const known = checkGenerator(directory, file, model);
  if (!known.ok) return known;
  const manifest = readManifest(file);
  if (!manifest.ok) return manifest;

  const { sourceDir, buildDir: spelling, cmakeRoot } = known.value;
  const places: Places = { sourceDir: realPath(sourceDir), buildDir: directory, cmakeRoot: realPath(cmakeRoot) };
  const nodes = new Nodes(directory, [resolve(buildDir), spelling]);
  const edges = numberEdges(manifest.value, nodes);
  const graph = new Graph({
    places,
    model: known.value,
    nodes,
    edges,
    modules: findModules(known.value.targets, edges, nodes),
    configureInputs: findConfigureInputs(edges, nodes, places),
  });
  const read = await graph.refreshDeps();
  return read.ok ? success(graph) : read;
}

function checkGenerator(directory: string, file: string, model: Result<CodeModel>): Result<CodeModel> {
  if (model.ok && !model.value.generator.startsWith("Ninja")) {
    const { generator } = model.value;
    return failure("E_GRAPH", `the directory was configured for ${generator}: use cmake -G Ninja`, { file: directory });
  }
  if (!existsSync(file)) {
    return failure("E_GRAPH", "there is no build.ninja: configure with cmake -G Ninja", { file: directory });
  }
  if (model.ok && realPath(model.value.buildDir) !== directory) {
    const message = `CMake configured it as ${model.value.buildDir}; run cmake again where it is now`;
    return failure("E_FILE_API", message, { file: directory });
  }
  return model;
}

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
    const edited = files.filter((file) => !this.isConfigureInput(file));
    if (edited.length === 0) return [];
    const nodes = edited.flatMap((file) => this.nodesOf(file));
    return dirtyObjects(nodes, edges, this.reported, modules.objects)
      .filter((object) => modules.modulesOf(object).length > 0)
      .flatMap((object) => edges.nameOf(object) ?? []);
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
    const builddir = edges.manifest.variables.get("builddir") ?? "";
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
