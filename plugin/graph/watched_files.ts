// Which files are worth watching: the sources, headers and scripts that the build reads and a person may edit.
import type { Edges } from "./edges.js";
import type { NodeId, Nodes } from "./nodes.js";
import { RealPaths } from "./real_paths.js";

export interface Places {
  /** Absolute, symbolic links resolved. */
  readonly sourceDir: string;
  readonly buildDir: string;
  readonly cmakeRoot: string;
}

/** True for what belongs to the project or lies beside it; false for the system and the CMake installation. */
export function isOfProject(path: string, places: Places): boolean {
  if (isWithin(path, places.sourceDir) || isWithin(path, places.buildDir)) return true;
  return !isWithin(path, "/usr") && !isWithin(path, places.cmakeRoot);
}

export function isWithin(path: string, directory: string): boolean {
  return path.startsWith(directory) && (path.length === directory.length || path[directory.length] === "/");
}

/** Real paths of the source files of the graph, and which nodes they are; grows when headers are reported. */
export class SourceFiles {
  private readonly realPaths: (string | undefined)[] = [];
  private readonly nodesByPath = new Map<string, NodeId[]>();
  private seen = 0;

  constructor(
    private readonly edges: Edges,
    private readonly nodes: Nodes,
    private readonly places: Places,
  ) {}

  /** Takes in the nodes that are new since the last time. A directory is listed once a call. */
  update(): void {
    const disk = new RealPaths();
    for (; this.seen < this.nodes.count; this.seen++) {
      const node = this.seen;
      if (this.isGenerated(node)) continue;
      const path = this.nodes.absolute(node);
      const real = isOfProject(path, this.places) ? disk.ofFile(path) : undefined;
      if (real === undefined || !isOfProject(real, this.places)) continue;
      this.realPaths[node] = real;
      const others = this.nodesByPath.get(real);
      if (others) others.push(node);
      else this.nodesByPath.set(real, [node]);
    }
  }

  /** Undefined for generated files, system headers, directories and what does not exist. */
  realPathOf(node: NodeId): string | undefined {
    return this.realPaths[node];
  }

  nodesOf(realPath: string): readonly NodeId[] {
    return this.nodesByPath.get(realPath) ?? [];
  }

  /** CMake names its own inputs as outputs of a phony edge, so that a missing one is no error. */
  private isGenerated(node: NodeId): boolean {
    const producer = this.edges.producerOf(node);
    return producer !== undefined && !this.edges.edge(producer).isPhony;
  }
}
