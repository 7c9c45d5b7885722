// What a scan of the sources found out: which compiled modules (C++20, Fortran) an edge writes and reads.
//
// The files are named by the `dyndep` of the edges, and written during the build.
import { readFile } from "node:fs/promises";
import { type Dyndep, NinjaSyntaxError, parseDyndep } from "ninja-build-parser";
import { type Result, success } from "../errors.js";
import { type EdgeId, type Edges, syntaxProblem } from "./edges.js";
import type { NodeId, Nodes } from "./nodes.js";

export interface Scan {
  readonly inputs: readonly NodeId[];
  readonly outputs: readonly NodeId[];
}

/** @returns E_NINJA_SYNTAX with place and caret; a file that is not there was not built yet, and counts as empty */
export async function readScans(edges: Edges, nodes: Nodes): Promise<Result<ReadonlyMap<EdgeId, Scan>>> {
  const files = new Set<string>();
  for (let id = 0; id < edges.count; id++) {
    const { dyndep } = edges.reportsOf(id);
    if (dyndep !== "") files.add(nodes.resolve(dyndep));
  }
  const scans = new Map<EdgeId, Scan>();
  for (const file of files) {
    const text = await readFile(file, "utf8").catch(() => undefined);
    if (text === undefined) continue;
    const found = readDyndeps(file, text);
    if (!found.ok) return found;
    for (const { output, implicitInputs, implicitOutputs } of found.value) {
      const producer = edges.producerOf(nodes.find(output) ?? -1);
      if (producer === undefined) continue; // of a source that was removed; the next build writes the file anew
      const intern = (path: string) => nodes.intern(path);
      scans.set(producer, { inputs: implicitInputs.map(intern), outputs: implicitOutputs.map(intern) });
    }
  }
  return success(scans);
}

function readDyndeps(file: string, text: string): Result<Dyndep[]> {
  try {
    return success(parseDyndep(file, text));
  } catch (error) {
    if (error instanceof NinjaSyntaxError) return syntaxProblem(error);
    throw error;
  }
}
