// Events of directories, through chokidar: hints that a file in them may have been written, and nothing more.

import { join } from "node:path";
import { type FSWatcher, watch } from "chokidar";

export interface DirectoryEvents {
  /** `path` may have changed; a directory itself if it is not known which of its files. */
  hint(path: string): void;
  /** Events may be missing from now on: no more inotify watches, say. */
  error(error: Error): void;
}

/** Watches directories, not what lies below them. Directories can be added; none is taken away. */
export class Directories {
  private readonly watched = new Set<string>();
  private readonly watchers: FSWatcher[] = [];

  constructor(private readonly events: DirectoryEvents) {}

  /** Resolves when events of all these directories arrive. */
  async add(directories: Iterable<string>): Promise<void> {
    const added = [...directories].filter((directory) => !this.watched.has(directory));
    if (added.length === 0) return;
    for (const directory of added) this.watched.add(directory);
    const batch = new Set(added);
    // chokidar's own events are throttled and wait for a reading of the whole directory; the raw ones do not.
    const watcher = watch(added, {
      depth: 0,
      ignoreInitial: true,
      atomic: false,
      ignored: (path) => !batch.has(path),
    });
    this.watchers.push(watcher);
    watcher.on("raw", (_event, name: string | null, details) => {
      const { watchedPath } = details as { watchedPath: string };
      this.events.hint(name === null ? watchedPath : join(watchedPath, name));
    });
    watcher.on("error", (error) => this.events.error(error as Error));
    await new Promise<void>((resolve) => watcher.once("ready", () => resolve()));
  }

  async close(): Promise<void> {
    await Promise.all(this.watchers.map((watcher) => watcher.close()));
  }
}
