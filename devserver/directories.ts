// Events of directories, through chokidar: hints that a file in them may have been written, and nothing more.

import { statSync } from "node:fs";
import { basename, join } from "node:path";
import { type FSWatcher, watch } from "chokidar";

export interface DirectoryEvents {
  /** `path` may have changed; a directory itself if it is not known which of its files. */
  hint(path: string): void;
  /** Events may be missing from now on: no more inotify watches, say. */
  error(error: Error): void;
}

/** How often a directory that was removed is looked for: a checkout of another branch brings it back. */
const LOOK_MS = 100;

/** Watches directories, not what lies below them. Directories can be added; none is taken away. */
export class Directories {
  /** Directory -> its inode: another one of the same name is another directory. */
  private readonly watched = new Map<string, number | undefined>();
  private readonly watchers: FSWatcher[] = [];
  private readonly looking = new Map<string, NodeJS.Timeout>();

  constructor(private readonly events: DirectoryEvents) {}

  /** Resolves when events of all these directories arrive. */
  async add(directories: Iterable<string>): Promise<void> {
    const added = [...directories].filter((directory) => !this.watched.has(directory));
    if (added.length === 0) return;
    for (const directory of added) this.watched.set(directory, inodeOf(directory));
    const batch = new Set(added);
    // chokidar's own events are throttled and wait for a reading of the whole directory; the raw ones do not.
    const watcher = watch(added, {
      depth: 0,
      ignoreInitial: true,
      atomic: false,
      ignored: (path) => !batch.has(path),
    });
    this.watchers.push(watcher);
    watcher.on("raw", (event, name: string | null, details) => {
      const { watchedPath } = details as { watchedPath: string };
      this.events.hint(name === null ? watchedPath : join(watchedPath, name));
      // inotify tells that the directory itself is gone under its own name, which a file in it may have as well.
      if (event === "rename" && name === basename(watchedPath)) this.lookFor(watchedPath, watcher);
    });
    watcher.on("error", (error) => this.events.error(error as Error));
    await new Promise<void>((resolve) => watcher.once("ready", () => resolve()));
  }

  async close(): Promise<void> {
    for (const timer of this.looking.values()) clearInterval(timer);
    await Promise.all(this.watchers.map((watcher) => watcher.close()));
  }

  private lookFor(directory: string, watcher: FSWatcher): void {
    if (this.looking.has(directory) || inodeOf(directory) === this.watched.get(directory)) return;
    watcher.unwatch(directory);
    const look = async (): Promise<void> => {
      if (inodeOf(directory) === undefined) return;
      clearInterval(this.looking.get(directory));
      this.looking.delete(directory);
      this.watched.delete(directory);
      await this.add([directory]);
      this.events.hint(directory);
    };
    this.looking.set(
      directory,
      setInterval(() => void look(), LOOK_MS),
    );
  }
}

function inodeOf(directory: string): number | undefined {
  return statSync(directory, { throwIfNoEntry: false })?.ino;
}
