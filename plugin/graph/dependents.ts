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
  const dirty = new Set<EdgeId>();
  const found: NodeId[] = [];
  const queue = [...files];
  const visit = (edge: EdgeId) => {
    if (dirty.has(edge)) return;
    dirty.add(edge);
    const outputs = [...edges.outputsOf(edge), ...reported.outputsOf(edge)];
    for (const output of outputs) if (objects.has(output)) found.push(output);
    queue.push(...outputs);
  };
  for (const edge of reported.lost) visit(edge);
  for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
    for (const edge of edges.usersOf(file)) visit(edge);
    for (const edge of reported.usersOf(file)) visit(edge);
  }
  return found.sort((a, b) => (edges.producerOf(a) ?? 0) - (edges.producerOf(b) ?? 0));
}
