// The edges of the build between numbered files: what is made from what.
import { type Edge, type Manifest, NinjaSyntaxError, parseNinja } from "ninja-build-parser";
import { failure, type Result, success } from "../errors.js";
import type { NodeId, Nodes } from "./nodes.js";

/** Position of an edge in build.ninja, from 0. */
export type EdgeId = number;

/** What of an edge of build.ninja is needed; makefiles are read into the same. */
export type BuildStatement = Pick<
  Edge,
  "outputs" | "implicitOutputs" | "inputs" | "implicitInputs" | "isPhony" | "get"
> &
  Partial<Pick<Edge, "rule">>; // makefiles have no names for their commands
export interface BuildStatements {
  readonly edges: readonly BuildStatement[];
  readonly variables: ReadonlyMap<string, string>;
}

export interface Edges {
  readonly statements: BuildStatements;
  readonly count: number;
  edge(id: EdgeId): BuildStatement;
  /** The edge that makes a file; undefined for a source. A phony edge makes nothing, but may stand for its inputs. */
  producerOf(node: NodeId): EdgeId | undefined;
  /** The edges that are dirty when the file is newer: those with it as an input, not those that only come after it. */
  usersOf(node: NodeId): readonly EdgeId[];
  /** An output as build.ninja spells it; undefined for a source. */
  nameOf(node: NodeId): string | undefined;
  /** Explicit outputs, then implicit ones. */
  outputsOf(edge: EdgeId): readonly NodeId[];
  explicitInputsOf(edge: EdgeId): readonly NodeId[];
  implicitInputsOf(edge: EdgeId): readonly NodeId[];
  reportsOf(edge: EdgeId): Reports;
  /** True for the edges that run CMake again; they are no way from a source to an object. */
  isGenerator(edge: EdgeId): boolean;
}

/** Where ninja finds what a run of the edge read; "" for a file that the edge does not have. */
export interface Reports {
  /** In .ninja_deps; the depfile is gone then. */
  readonly logged: boolean;
  readonly depfile: string;
  readonly dyndep: string;
}

/** @returns E_NINJA_SYNTAX with the place and a caret */
export function readManifest(file: string): Result<Manifest> {
  try {
    return success(parseNinja(file));
  } catch (error) {
    if (error instanceof NinjaSyntaxError) return syntaxProblem(error);
    throw error;
  }
}

export function syntaxProblem({ message, file, line, column, excerpt }: NinjaSyntaxError): ReturnType<typeof failure> {
  return failure("E_NINJA_SYNTAX", message, { file, line, column, detail: excerpt });
}

interface Numbered {
  readonly edge: BuildStatement;
  readonly outputs: readonly NodeId[];
  readonly explicit: readonly NodeId[];
  readonly implicit: readonly NodeId[];
  readonly generator: boolean;
  readonly reports: Reports;
}

const none: readonly never[] = [];

export function numberEdges(statements: BuildStatements, nodes: Nodes): Edges {
  const numbered: Numbered[] = [];
  const producers: (EdgeId | undefined)[] = [];
  const names: (string | undefined)[] = [];
  const users: EdgeId[][] = [];
  const intern = (path: string) => nodes.intern(path);
  for (const [id, edge] of statements.edges.entries()) {
    const outputs = [...edge.outputs, ...edge.implicitOutputs].map((path) => {
      const node = nodes.intern(path);
      producers[node] = id;
      names[node] ??= path;
      return node;
    });
    const explicit = edge.inputs.map(intern);
    const implicit = edge.implicitInputs.map(intern);
    const generator = edge.get("generator") !== "";
    const reports = { logged: edge.get("deps") !== "", depfile: edge.get("depfile"), dyndep: edge.get("dyndep") };
    numbered.push({ edge, outputs, explicit, implicit, generator, reports });
    if (generator) continue;
    for (const inputs of [explicit, implicit]) {
      for (const input of inputs) {
        const list = users[input];
        if (list) list.push(id);
        else users[input] = [id];
      }
    }
  }
  const at = (id: EdgeId): Numbered => {
    const found = numbered[id];
    if (!found) throw new RangeError(`there is no edge ${id}`);
    return found;
  };
  return {
    statements,
    count: numbered.length,
    edge: (id) => at(id).edge,
    producerOf: (node) => producers[node],
    nameOf: (node) => names[node],
    usersOf: (node) => users[node] ?? none,
    outputsOf: (id) => (numbered[id] ?? at(id)).outputs, // asked for each edge on the way of a save
    explicitInputsOf: (id) => at(id).explicit,
    implicitInputsOf: (id) => at(id).implicit,
    reportsOf: (id) => at(id).reports,
    isGenerator: (id) => at(id).generator,
  };
}
