// What the build itself found out about an edge: the headers that compilers read, the modules that scans saw.
import { statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { canonicalPath } from "ninja-build-parser";
import { type Result, success } from "../errors.js";
import { parseDepfile } from "./depfile.js";
import type { EdgeId, Edges } from "./edges.js";
import type { NinjaDeps } from "./ninja_deps.js";
import type { NodeId, Nodes } from "./nodes.js";
import { readScans } from "./scans.js";

/** What compilers and scans reported: for each file the edges that read it. */
export interface Reported {
  isRead(node: NodeId): boolean;
  /** Calls `visit` with each edge that read the file. */
  visitUsers(node: NodeId, visit: (edge: EdgeId) => void): void;
  /** Outputs that build.ninja does not know: the compiled modules of C++20 and Fortran. */
  outputsOf(edge: EdgeId): readonly NodeId[];
  /** Edges whose outputs exist but whose report is lost or of an earlier run: only ninja's next run of them can tell what they read. */
  readonly lost: readonly EdgeId[];
}

const none: readonly never[] = [];

export const nothingReported: Reported = {
  isRead: () => false,
  visitUsers: () => {},
  outputsOf: () => none,
  lost: none,
};

/**
 * Reads the sources that ninja reads at each start: its log for the edges with `deps` (it keeps records of objects that
 * are no longer built, which do not count), the depfile itself for edges with nothing but that (custom commands with
 * DEPFILE), and the dyndep files. What is not there was not built yet.
 * @returns E_NINJA_SYNTAX for a dyndep file that cannot be read
 */
export async function readReported(edges: Edges, nodes: Nodes, deps: NinjaDeps): Promise<Result<Reported>> {
  const { inputs, lost } = recordedInputs(edges, nodes, deps);
  for (let id = 0; id < edges.count; id++) {
    const { logged, depfile } = edges.reportsOf(id);
    if (inputs.has(id) || (!logged && depfile === "")) continue;
    const found = logged ? undefined : await readDepfile(nodes.resolve(depfile), nodes);
    if (found) inputs.set(id, found);
    else if (isBuilt(id, edges, nodes)) lost.push(id);
  }
  const scanned = await readScans(edges, nodes);
  if (!scanned.ok) return scanned;
  const outputs = new Map<EdgeId, readonly NodeId[]>();
  for (const [id, scan] of scanned.value) {
    inputs.set(id, Int32Array.from([...(inputs.get(id) ?? []), ...scan.inputs]));
    outputs.set(id, scan.outputs);
  }
  const users = new Users(inputs, nodes.count);
  return success({
    isRead: (node) => users.isRead(node),
    visitUsers: (node, visit) => users.visit(node, visit),
    outputsOf: (edge) => outputs.get(edge) ?? none,
    lost,
  });
}

/**
 * From the log of ninja. A record that is older than its output, as a ninja that was killed leaves it, tells what an earlier
 * output was made from: it is taken, but counts as lost, as it does for ninja.
 */
function recordedInputs(edges: Edges, nodes: Nodes, deps: NinjaDeps) {
  const ids = Int32Array.from(deps.paths, (path) => nodes.intern(path));
  const inputs = new Map<EdgeId, Int32Array>();
  const lost: EdgeId[] = [];
  for (const output of deps.outputs) {
    const node = ids[output] ?? -1;
    const producer = edges.producerOf(node);
    const record = deps.inputsOf(output);
    if (producer === undefined || !record || !edges.reportsOf(producer).logged) continue;
    inputs.set(
      producer,
      record.map((id) => ids[id] ?? -1),
    );
    const found = statSync(nodes.absolute(node), { bigint: true, throwIfNoEntry: false });
    if (found && found.mtimeNs > (deps.mtimeOf(output) ?? 0n)) lost.push(producer);
  }
  return { inputs, lost };
}

async function readDepfile(file: string, nodes: Nodes): Promise<Int32Array | undefined> {
  const text = await readFile(file, "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  return Int32Array.from(parseDepfile(text), (path) => nodes.intern(canonicalPath(path)));
}

function isBuilt(edge: EdgeId, edges: Edges, nodes: Nodes): boolean {
  const output = edges.outputsOf(edge)[0] ?? -1;
  return statSync(nodes.absolute(output), { throwIfNoEntry: false }) !== undefined;
}

/** Counting sort: `users` holds the edges of file 0, of file 1, ...; those of a file begin at `starts[file]`. */
class Users {
  private readonly starts: Int32Array;
  private readonly users: Int32Array;

  /** Loops with an index: these are millions of numbers, and the first loops of a process allocate with each step. */
  constructor(inputs: ReadonlyMap<EdgeId, Int32Array>, count: number) {
    const starts = new Int32Array(count + 1);
    for (const files of inputs.values()) {
      for (let i = 0; i < files.length; i++) starts[(files[i] ?? 0) + 1] = (starts[(files[i] ?? 0) + 1] ?? 0) + 1;
    }
    for (let file = 0; file < count; file++) starts[file + 1] = (starts[file + 1] ?? 0) + (starts[file] ?? 0);
    const next = starts.slice();
    const users = new Int32Array(starts[count] ?? 0);
    for (const [edge, files] of inputs) {
      for (let i = 0; i < files.length; i++) {
        const file = files[i] ?? 0;
        const position = next[file] ?? 0;
        users[position] = edge;
        next[file] = position + 1;
      }
    }
    this.starts = starts;
    this.users = users;
  }

  isRead(node: NodeId): boolean {
    return (this.starts[node + 1] ?? 0) > (this.starts[node] ?? 0);
  }

  /** A file that is new since has no users. */
  visit(node: NodeId, visit: (edge: EdgeId) => void): void {
    const end = this.starts[node + 1] ?? 0;
    for (let i = this.starts[node] ?? end; i < end; i++) visit(this.users[i] ?? -1);
  }
}
