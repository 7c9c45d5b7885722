// Which objects are linked into which executables and shared libraries, through archives and object libraries.
//
// The targets of the File API tell which files are modules. Their edges in build.ninja tell the rest: explicit inputs
// of a link are its objects, implicit ones the libraries. A versioned library is named by a link to a link to the file
// that the linker wrote (libx.so -> libx.so.1 -> libx.so.1.2); the module is that file.
import { basename, dirname, join } from "node:path";
import type { EdgeId, Edges } from "./edges.js";
import type { ObjectPath, Target } from "./graph.js";
import type { NodeId, Nodes } from "./nodes.js";
import { realPath } from "./real_paths.js";

export interface Modules {
  /** As given, with the file that is linked first among the artifacts of a module. */
  readonly targets: readonly Target[];
  /** Objects that are linked or archived, in a module or not. */
  readonly objects: ReadonlySet<NodeId>;
  /** Absolute real paths, in the order of the targets. */
  modulesOf(object: NodeId): readonly string[];
  /** In link order. @param module any of its absolute names */
  objectsOf(module: string): readonly ObjectPath[];
}

const moduleTypes: ReadonlySet<Target["type"]> = new Set(["EXECUTABLE", "SHARED_LIBRARY", "MODULE_LIBRARY"]);

export function findModules(targets: readonly Target[], edges: Edges, nodes: Nodes): Modules {
  const named: Target[] = [];
  const archives = findArchives(targets, edges, nodes);
  /** Link edge -> path of the module. */
  const links = new Map<EdgeId, string>();
  for (const target of targets) {
    const made = target.artifacts.flatMap((artifact) => nodes.find(artifact) ?? []);
    const linked = moduleTypes.has(target.type) ? made.flatMap((node) => linkOf(node, edges) ?? []) : [];
    const paths: string[] = [];
    for (const link of new Set(linked)) {
      const path = realName(nodes.absolute(edges.outputsOf(link)[0] ?? -1));
      links.set(link, path);
      paths.push(path);
    }
    const artifacts = [...new Set([...paths, ...target.artifacts])];
    named.push({ ...target, artifacts });
  }

  const objects = findObjects(edges, [...links.keys(), ...archives]);
  const objectsByModule = new Map<string, ObjectPath[]>();
  const modulesByObject = new Map<NodeId, string[]>();
  for (const [link, path] of links) {
    const linked = linkedObjects(link, edges, objects, archives);
    objectsByModule.set(
      path,
      linked.flatMap((object) => edges.nameOf(object) ?? []),
    );
    for (const object of linked) {
      const modules = modulesByObject.get(object);
      if (modules) modules.push(path);
      else modulesByObject.set(object, [path]);
    }
  }
  return {
    targets: named,
    objects,
    modulesOf: (object) => modulesByObject.get(object) ?? [],
    objectsOf: (module) => objectsByModule.get(module) ?? objectsByModule.get(realPath(module)) ?? [],
  };
}

/** The edge that links an artifact; an edge that only makes a symbolic link leads on to what it points at. */
function linkOf(artifact: NodeId, edges: Edges): EdgeId | undefined {
  const seen = new Set<EdgeId>();
  let link = edges.producerOf(artifact);
  while (link !== undefined && !seen.has(link)) {
    seen.add(link);
    const explicit = edges.explicitInputsOf(link);
    if (explicit.length !== 1 || explicit.some((input) => isObjectOf(input, edges))) return link;
    const next = edges.producerOf(explicit[0] ?? -1);
    if (next === undefined) return link;
    link = next;
  }
  return link;
}

/** The edges that make static libraries, those of custom commands included. */
function findArchives(targets: readonly Target[], edges: Edges, nodes: Nodes): Set<EdgeId> {
  const archives = new Set<EdgeId>();
  for (const target of targets) {
    if (target.type !== "STATIC_LIBRARY") continue;
    for (const artifact of target.artifacts) {
      const producer = edges.producerOf(nodes.find(artifact) ?? -1);
      if (producer !== undefined) archives.add(producer);
    }
  }
  for (let id = 0; id < edges.count; id++) {
    const edge = edges.edge(id);
    if (!edge.isPhony && edge.outputs.some((output) => output.endsWith(".a"))) archives.add(id);
  }
  return archives;
}

/** Objects that ninja makes and that a link or an archive takes as they are. */
function findObjects(edges: Edges, takers: readonly EdgeId[]): Set<NodeId> {
  const objects = new Set<NodeId>();
  for (const id of takers) {
    for (const input of edges.explicitInputsOf(id)) if (isObjectOf(input, edges)) objects.add(input);
  }
  return objects;
}

function isObjectOf(input: NodeId, edges: Edges): boolean {
  return isMade(input, edges) && /\.(o|obj)$/.test(edges.nameOf(input) ?? "");
}

function isMade(file: NodeId, edges: Edges): boolean {
  const producer = edges.producerOf(file);
  return producer !== undefined && !edges.edge(producer).isPhony;
}

/** Depth first, so that the members of an archive stand where the archive does. Other modules are not entered. */
function linkedObjects(
  link: EdgeId,
  edges: Edges,
  objects: ReadonlySet<NodeId>,
  archives: ReadonlySet<EdgeId>,
): NodeId[] {
  const found = new Set<NodeId>();
  const seen = new Set<EdgeId>();
  const enter = (edge: EdgeId) => {
    seen.add(edge);
    for (const input of edges.explicitInputsOf(edge)) if (objects.has(input)) found.add(input);
    for (const input of [...edges.explicitInputsOf(edge), ...edges.implicitInputsOf(edge)]) {
      const producer = edges.producerOf(input);
      if (producer === undefined || seen.has(producer)) continue;
      if (archives.has(producer) || edges.edge(producer).isPhony) enter(producer);
    }
  };
  enter(link);
  return [...found];
}

/** The directory may be a symbolic link; the file itself is written by the linker. */
function realName(path: string): string {
  return join(realPath(dirname(path)), basename(path));
}
