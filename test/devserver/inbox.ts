// Waits for events with a deadline: what comes is kept until a test asks for it.

import { setTimeout as delay } from "node:timers/promises";

const DEADLINE_MS = 60_000;

export class Inbox<T> {
  /** Everything that ever came, in order. */
  readonly all: T[] = [];
  private taken = 0;
  private waiting: (() => void)[] = [];

  readonly push = (item: T): void => {
    this.all.push(item);
    for (const wake of this.waiting.splice(0)) wake();
  };

  /** What has come and was not taken. */
  get rest(): readonly T[] {
    return this.all.slice(this.taken);
  }

  /** The next item for which `look` says true; those before it count as taken too. */
  async next(what: string, look: (item: T) => boolean = () => true, deadlineMs = DEADLINE_MS): Promise<T> {
    const deadline = performance.now() + deadlineMs;
    for (;;) {
      while (this.taken < this.all.length) {
        const item = this.all[this.taken++] as T;
        if (look(item)) return item;
      }
      const left = deadline - performance.now();
      if (left <= 0) throw new Error(`no ${what} within ${deadlineMs} ms; came: ${JSON.stringify(this.all.slice(-8))}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.waiting.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }
}

/** Waits for something that nothing tells: looks every few milliseconds. */
export async function until(what: string, look: () => boolean, deadlineMs = DEADLINE_MS): Promise<void> {
  const deadline = performance.now() + deadlineMs;
  while (!look()) {
    if (performance.now() > deadline) throw new Error(`${what}: not within ${deadlineMs} ms`);
    await delay(5);
  }
}
