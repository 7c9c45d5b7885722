// Finds which files exist and where they really are; a directory is listed once for all the files in it.
import { readdirSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";

type Kind = "file" | "link" | "other";

interface Directory {
  readonly path: string;
  readonly entries: ReadonlyMap<string, Kind>;
}

export class RealPaths {
  private readonly directories = new Map<string, Directory | undefined>();

  /** Real path of a file that exists; undefined for a directory, a device or nothing. @param path absolute, normal */
  ofFile(path: string): string | undefined {
    const slash = path.lastIndexOf("/");
    const name = path.slice(slash + 1);
    const directory = this.list(path.slice(0, slash) || "/");
    const kind = directory?.entries.get(name);
    if (!directory || !kind || kind === "other") return undefined;
    const plain = `${directory.path === "/" ? "" : directory.path}/${name}`;
    return kind === "file" ? plain : realFile(plain);
  }

  private list(path: string): Directory | undefined {
    if (!this.directories.has(path)) this.directories.set(path, listDirectory(path));
    return this.directories.get(path);
  }
}

/** Real path of a file or, if it does not exist, of the nearest directory above, with the rest of its name. */
export function realPath(path: string): string {
  try {
    return realpathSync.native(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(realPath(parent), basename(path));
  }
}

function realFile(link: string): string | undefined {
  return statSync(link, { throwIfNoEntry: false })?.isFile() ? realPath(link) : undefined;
}

function listDirectory(path: string): Directory | undefined {
  try {
    const entries = new Map<string, Kind>();
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      entries.set(entry.name, entry.isFile() ? "file" : entry.isSymbolicLink() ? "link" : "other");
    }
    return { path: realpathSync.native(path), entries };
  } catch {
    return undefined; // no such directory, or not for us: there is nothing to watch in it
  }
}
