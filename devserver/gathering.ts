// Gathers what belongs together: the events of one save, or the files of one checkout.
//
// Promised: complete() is called once all files of a burst have been looked at, whether their events came or not. An
// event queue that overflowed says nothing of what it lost, but it was full, and so it was a burst.

export interface GatheringOptions {
  /** Looks at every file, and calls seen() for those that differ from what is known. */
  readonly sweep: () => Promise<void>;
  /** True while files are being rewritten that belong together. */
  readonly isRewriting: () => boolean;
  readonly complete: () => void;
}

/** More files than a person saves at once. */
const BURST_FILES = 10;
/** Of any files, known or not. A queue that overflowed held more: 16384, unless somebody changed that. */
const BURST_EVENTS = 1000;
const QUIET_MS = 10;
const BURST_QUIET_MS = 50;
/** A save while git only waits, for a commit message say. */
const HELD_QUIET_MS = 100;
const HELD_BURST_QUIET_MS = 10_000;
/** Whoever writes files without end does not hold up what else is saved. */
const AT_MOST_MS = 1000;
const BURST_AT_MOST_MS = 5000;

export class Gathering {
  private timer: NodeJS.Timeout | undefined;
  private readonly files = new Set<string>();
  private events = 0;
  private firstAt = 0;
  private lastAt = 0;
  private closed = false;

  constructor(private readonly options: GatheringOptions) {}

  /** True until what was seen is complete. */
  get isOpen(): boolean {
    return this.timer !== undefined;
  }

  /** Files differ, or may. */
  seen(paths: readonly string[]): void {
    for (const path of paths) this.files.add(path);
    this.lastAt = performance.now();
    this.open();
  }

  /** An event came, of whatever file. */
  event(): void {
    this.events += 1;
    if (this.events >= BURST_EVENTS) this.open();
  }

  /** What was seen is taken now. */
  end(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.files.clear();
    this.events = 0;
  }

  close(): void {
    this.closed = true;
    this.end();
  }

  private get isBurst(): boolean {
    return this.files.size > BURST_FILES || this.events >= BURST_EVENTS;
  }

  private open(): void {
    if (this.timer !== undefined || this.closed) return;
    this.firstAt = performance.now();
    this.timer = setTimeout(() => void this.look(), this.isBurst ? BURST_QUIET_MS : QUIET_MS);
  }

  private async look(): Promise<void> {
    const wait = this.remaining();
    if (wait > 0) {
      this.timer = setTimeout(() => void this.look(), wait);
      return;
    }
    if (this.isBurst) {
      const before = this.files.size;
      this.events = 0;
      await this.options.sweep();
      if (this.closed || this.timer === undefined) return;
      if (this.files.size > before) {
        this.timer = setTimeout(() => void this.look(), BURST_QUIET_MS);
        return;
      }
    }
    const { size } = this.files;
    this.end();
    if (size > 0) this.options.complete();
  }

  /** Milliseconds until it may be complete, 0 if it is. */
  private remaining(): number {
    const now = performance.now();
    if (this.options.isRewriting()) {
      const quiet = this.isBurst ? HELD_BURST_QUIET_MS : HELD_QUIET_MS;
      if (now - this.lastAt < quiet) return QUIET_MS;
    } else if (now - this.firstAt > (this.isBurst ? BURST_AT_MOST_MS : AT_MOST_MS)) {
      return 0;
    }
    return Math.max(0, Math.ceil(this.lastAt + (this.isBurst ? BURST_QUIET_MS : QUIET_MS) - now));
  }
}
