// From edited files forward to the objects that are made from them.
import type { EdgeId, Edges } from "./edges.js";
import type { NodeId } from "./nodes.js";
import type { Reported } from "./reported.js";

/**
 * The objects that ninja would build again if these files were newer, sorted by edge. Generated files pass the change
 * on, and so do phony edges, objects and modules: a program of the project may generate what others are compiled from.
 * Edges whose report is lost count as changed along with any file.
 */
export function dirtyObjects(
  files: readonly NodeId[],
  edges: Edges,
  reported: Reported,
  objects: ReadonlySet<NodeId>,
): NodeId[] {
  const isDirty = new Uint8Array(edges.count);
  const dirty: EdgeId[] = [];
  const queue = [...files];
  const visit = (edge: EdgeId) => {
    if (isDirty[edge] === 1) return;
    isDirty[edge] = 1;
    dirty.push(edge);
    for (const output of edges.outputsOf(edge)) queue.push(output);
    for (const output of reported.outputsOf(edge)) queue.push(output);
  };
  for (const edge of reported.lost) visit(edge);
  for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
    for (const edge of edges.usersOf(file)) visit(edge);
    reported.visitUsers(file, visit);
  }
  const found: NodeId[] = [];
  for (const edge of new Int32Array(dirty).sort()) {
    for (const output of edges.outputsOf(edge)) if (objects.has(output)) found.push(output);
  }
  return found;
}

/** What is made from these files on the way to objects: generated files, precompiled headers. Objects end the way. */
export function generatedFiles(
  files: readonly NodeId[],
  edges: Edges,
  reported: Reported,
  objects: ReadonlySet<NodeId>,
): NodeId[] {
  const made = new Set<NodeId>();
  const queue = [...files];
  const visit = (edge: EdgeId) => {
    for (const output of edges.outputsOf(edge)) {
      if (objects.has(output) || made.has(output)) continue;
      made.add(output);
      queue.push(output);
    }
  };
  for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
    for (const edge of edges.usersOf(file)) visit(edge);
    reported.visitUsers(file, visit);
  }
  return [...made].filter((node) => {
    const producer = edges.producerOf(node);
    return producer !== undefined && !edges.edge(producer).isPhony;
  });
}
