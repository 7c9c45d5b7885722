// Watches the files that the build graph knows. Events are hints: what counts is whether the contents differ.
//
// Promised: a file whose contents differ from what take() last saw is in a later take(), whether its events came
// or not, once sweep() has looked, which it does after each burst. One save is one batch, however many events it makes,
// and so is a checkout.

import { lstatSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Directories } from "./directories.js";
import { compareFile, type FileState, fileState, looksSame, withDigest } from "./file_state.js";
import { Gathering } from "./gathering.js";
import { gitDirectoryOf, isGitAtWork } from "./git.js";
import { fileSystemWithoutEvents, watchProblemText } from "./watch_limits.js";

export interface WatchOptions {
  readonly sourceDir: string;
  /** Files in it are products of the build: compared when asked for, no changes. The directory itself is watched. */
  readonly buildDir: string;
  /** Date.now() of a moment from which on a saved file counts as changed. */
  readonly since: number;
  /** There is something to take. */
  readonly onChange: () => void;
  /** Something that is none of the files was written in one of their directories, or in that of the build. */
  readonly onUnknown?: (path: string) => void;
  /** Names a file system whose changes make no events here; tests have their own. */
  readonly fileSystem?: (directory: string) => string | undefined;
  /** In words: events may be missing, and files are looked at twice a second to make up for it. */
  readonly onPolling?: (why: string) => void;
}

export interface Changes {
  /** Other contents than before, or gone. */
  readonly changed: readonly string[];
  /** Saved with the contents that they had. */
  readonly touched: readonly string[];
  /** performance.now() when the first of these saves was seen. */
  readonly seenAt: number;
}

/** How long a file that is gone may be one that is being replaced. */
const REPLACE_MS = 100;
/** How long a file that is empty, or changes while it is read, may be one that is being written. */
const WRITE_MS = 500;
const POLL_MS = 500;
/** Looked at in one go: where a look goes over the network, they are slow. */
const SWEEP_FILES = 100;
/** Of one save: some editors set a file's time once more after writing it. */
const SAME_SAVE_MS = 50;
/** The kernel stamps files with the time of its last tick. */
const CLOCK_TICK_MS = 5;

export class Watch {
  private readonly states = new Map<string, FileState>();
  /** Real path -> the names that the graph has for it. */
  private readonly names = new Map<string, string[]>();
  /** The real directories that are watched. */
  private readonly real = new Set<string>();
  private readonly directories: Directories;
  private candidates = new Set<string>();
  private firstHint: number | undefined;
  private readonly gathering: Gathering;
  private polling: NodeJS.Timeout | undefined;
  private readonly told = new Set<string>();
  private digesting: Promise<void> = Promise.resolve();
  private closed = false;

  private constructor(private readonly options: WatchOptions) {
    this.directories = new Directories({
      hint: (path) => this.event(path),
      error: (error) => this.poll(watchProblemText(error)),
    });
    const gitDirectory = gitDirectoryOf(options.sourceDir);
    this.gathering = new Gathering({
      sweep: () => this.sweep(),
      isRewriting: () => gitDirectory !== undefined && isGitAtWork(gitDirectory),
      complete: () => options.onChange(),
    });
  }

  static async open(files: readonly string[], options: WatchOptions): Promise<Watch> {
    const watch = new Watch(options);
    await watch.directories.add([options.buildDir]);
    await watch.setFiles(files, options.since);
    return watch;
  }

  /** The graph's files are these from now on; those that are new count as changed if saved after `since`. */
  async setFiles(files: readonly string[], since: number): Promise<void> {
    const known = new Set(files);
    for (const path of this.states.keys()) if (!known.has(path)) this.states.delete(path);
    const added = files.filter((path) => !this.states.has(path));
    for (const path of added) {
      const state = fileState(path);
      const recent = state.mtimeMs >= since - CLOCK_TICK_MS && !this.isProduct(path);
      this.states.set(path, recent ? { ...state, mtimeMs: 0 } : state);
    }
    const directories = this.index(added);
    for (const directory of directories) {
      const fileSystem = (this.options.fileSystem ?? fileSystemWithoutEvents)(directory);
      if (fileSystem === undefined) continue;
      this.poll(`files on ${fileSystem} are looked at twice a second, since what others write there makes no events`);
    }
    await this.directories.add(directories);
    this.hintDifferences(added);
    this.digesting = this.digesting.then(() => this.digest(added));
  }

  /** What appears in these directories (real paths) is told to `onUnknown` from now on. */
  async watchDirectories(directories: readonly string[]): Promise<void> {
    await this.directories.add(directories);
  }

  /** Resolves when a touch of any file can be told from a change. */
  async digested(): Promise<void> {
    await this.digesting;
  }

  /**
   * What changed since the last time; waits for files that are just being written. Empty while saves are gathered.
   * @param everything look at every file first, and do not gather
   */
  async take(everything = false): Promise<Changes> {
    if (everything) {
      await this.sweep();
      this.gathering.end();
    }
    const seenAt = this.firstHint ?? performance.now();
    const changed = new Map<string, FileState>();
    const touched = new Map<string, FileState>();
    if (this.gathering.isOpen) return { changed: [], touched: [], seenAt };
    const start = performance.now();
    for (;;) {
      const candidates = this.candidates;
      this.candidates = new Set();
      this.firstHint = undefined;
      const unsettled: [string, FileState][] = [];
      for (const path of candidates) {
        const before = this.states.get(path);
        if (before === undefined) continue;
        changed.delete(path);
        touched.delete(path);
        const difference = compareFile(path, before);
        if (difference.kind === "changed") changed.set(path, difference.state);
        if (difference.kind === "touched") touched.set(path, difference.state);
        if (difference.kind === "unsettled") unsettled.push([path, difference.state]);
      }
      const waited = performance.now() - start;
      let isComplete = true;
      for (const [path, state] of unsettled) {
        if (waited < (state.size < 0 ? REPLACE_MS : WRITE_MS)) {
          this.candidates.add(path);
          isComplete = false;
        } else {
          changed.set(path, state); // it stays empty, or gone
        }
      }
      if (isComplete) break;
      await delay(5);
    }
    const touches = [...touched].filter(([path, state]) => state.mtimeMs - this.timeOf(path) > SAME_SAVE_MS);
    for (const [path, state] of [...touched, ...changed]) this.states.set(path, state);
    return { changed: [...changed.keys()], touched: touches.map(([path]) => path), seenAt };
  }

  /** Files that were seen and that no take() has returned: perhaps they differ. */
  get pending(): readonly string[] {
    return [...this.candidates];
  }

  /** Looks at these files now, whether their events have come or not. */
  look(paths: readonly string[]): void {
    this.hintDifferences(paths);
  }

  /** Looks at every file, since events may have been lost; a few at a time, so that nothing else waits for it. */
  async sweep(): Promise<void> {
    const paths = [...this.states.keys()].filter((path) => !this.isProduct(path));
    for (let start = 0; start < paths.length && !this.closed; start += SWEEP_FILES) {
      this.hintDifferences(paths.slice(start, start + SWEEP_FILES));
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Products of the build that differ from the last time this was asked. */
  takeProducts(): string[] {
    const changed: string[] = [];
    for (const [path, before] of this.states) {
      if (!this.isProduct(path)) continue;
      const difference = compareFile(path, before);
      if (difference.kind === "same") continue;
      this.states.set(path, difference.state);
      if (difference.kind !== "touched") changed.push(path);
    }
    return changed;
  }

  async close(): Promise<void> {
    this.closed = true;
    this.gathering.close();
    clearTimeout(this.polling);
    await this.directories.close();
  }

  private event(path: string): void {
    if (this.closed) return;
    this.gathering.event();
    const names = this.names.get(path);
    if (names !== undefined) {
      this.hint(names);
      return;
    }
    // A directory: which of its files is not known.
    if (this.real.has(path)) {
      this.hintDifferences([...this.names].filter(([real]) => dirname(real) === path).flatMap(([, each]) => each));
    } else {
      this.options.onUnknown?.(path);
    }
  }

  private hintDifferences(paths: readonly string[]): void {
    const different = paths.filter((path) => {
      const state = this.states.get(path);
      return state !== undefined && !this.isProduct(path) && !looksSame(path, state);
    });
    if (different.length > 0) this.hint(different);
  }

  private hint(paths: readonly string[]): void {
    for (const path of paths) this.candidates.add(path);
    this.firstHint ??= performance.now();
    this.gathering.seen(paths);
  }

  /** From now on files are looked at twice a second. */
  private poll(why: string): void {
    if (this.closed) return;
    if (!this.told.has(why)) this.options.onPolling?.(why);
    this.told.add(why);
    const look = async (): Promise<void> => {
      await this.sweep();
      if (!this.closed) this.polling = setTimeout(() => void look(), POLL_MS);
    };
    this.polling ??= setTimeout(() => void look(), POLL_MS);
  }

  /** The real directories of files, and under which names their events are wanted. */
  private index(files: readonly string[]): Set<string> {
    const directories = new Set<string>();
    const realDirectories = new Map<string, string | undefined>();
    for (const path of files) {
      if (this.isProduct(path)) continue;
      const directory = dirname(path);
      if (!realDirectories.has(directory)) realDirectories.set(directory, realPath(directory));
      const real = realDirectories.get(directory);
      if (real === undefined) continue;
      const inDirectory = join(real, path.slice(directory.length + 1));
      const targets = new Set([inDirectory]);
      // A file that is a symbolic link changes where it points to.
      if (lstatSync(inDirectory, { throwIfNoEntry: false })?.isSymbolicLink()) {
        const target = realPath(inDirectory);
        if (target !== undefined) targets.add(target);
      }
      for (const target of targets) {
        directories.add(dirname(target));
        this.real.add(dirname(target));
        const names = this.names.get(target);
        if (names === undefined) this.names.set(target, [path]);
        else if (!names.includes(path)) names.push(path);
      }
    }
    return directories;
  }

  /** In the background: what the contents are now, to tell a touch from a change later. */
  private async digest(paths: readonly string[]): Promise<void> {
    for (const path of paths) {
      const state = this.states.get(path);
      if (this.closed) return;
      if (state === undefined || state.size < 0 || state.digest !== undefined) continue;
      const digested = await withDigest(path, state);
      if (this.states.get(path) === state) this.states.set(path, digested);
    }
  }

  private timeOf(path: string): number {
    return this.states.get(path)?.mtimeMs ?? 0;
  }

  /** In a build inside the source directory nothing can be told by its place; FetchContent's sources are sources. */
  private isProduct(path: string): boolean {
    const { buildDir, sourceDir } = this.options;
    if (!path.startsWith(`${buildDir}/`) || `${sourceDir}/`.startsWith(`${buildDir}/`)) return false;
    return !/^_deps\/[^/]+-src\//.test(path.slice(buildDir.length + 1));
  }
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}
