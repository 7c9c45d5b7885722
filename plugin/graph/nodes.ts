// The files that ninja knows, numbered: build.ninja and .ninja_deps may spell one file in several ways.
import { resolve } from "node:path";
import { canonicalPath } from "ninja-build-parser";

/** Position of a file in the graph; dense, from 0. */
export type NodeId = number;

export class Nodes {
  /** Relative to the build directory for what lies in it, else absolute. */
  private readonly keys: string[] = [];
  private readonly ids = new Map<string, NodeId>();
  private readonly buildDir: string;
  private readonly prefixes: readonly string[];

  /**
   * @param buildDir absolute, symbolic links resolved
   * @param spellings other absolute names of the same directory
   */
  constructor(buildDir: string, spellings: readonly string[]) {
    this.buildDir = buildDir;
    this.prefixes = [...new Set([buildDir, ...spellings])].map((spelling) => `${spelling}/`);
  }

  get count(): number {
    return this.keys.length;
  }

  /** @param path as ninja spells it: canonical, relative to the build directory or absolute */
  intern(path: string): NodeId {
    const key = this.keyOf(path);
    const known = this.ids.get(key);
    if (known !== undefined) return known;
    const id = this.keys.length;
    this.keys.push(key);
    this.ids.set(key, id);
    return id;
  }

  find(path: string): NodeId | undefined {
    return this.ids.get(this.keyOf(path));
  }

  absolute(id: NodeId): string {
    const key = this.keys[id] ?? "";
    return key.startsWith("/") ? key : `${this.buildDir}/${key}`;
  }

  /** Absolute name of a file as ninja spells it. */
  resolve(path: string): string {
    return resolve(this.buildDir, path);
  }

  private keyOf(path: string): string {
    if (!path.startsWith("/")) {
      // "../x" is a name of a file outside; the others are within the build directory.
      return path.startsWith("../") ? resolve(this.buildDir, path) : canonicalPath(path);
    }
    for (const prefix of this.prefixes) if (path.startsWith(prefix)) return path.slice(prefix.length);
    return path;
  }
}
