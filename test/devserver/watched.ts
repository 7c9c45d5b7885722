// A watch of files in a scratch directory, for the tests of what it makes of saves.

import assert from "node:assert/strict";
import { appendFileSync, utimesSync } from "node:fs";
import { type Changes, Watch, type WatchOptions } from "../../devserver/watch.js";
import { Inbox } from "./inbox.js";
import { MEMORY, Scratch } from "./scratch.js";

const open: Watch[] = [];

/** A watch that closeAll() will close. */
export function closeAtEnd(watch: Watch): void {
  open.push(watch);
}

export async function closeAll(): Promise<void> {
  for (const watch of open.splice(0)) await watch.close();
}

export interface Watched {
  readonly scratch: Scratch;
  readonly watch: Watch;
  readonly unknown: Inbox<string>;
  /** What the next gathered saves are. */
  next(): Promise<Changes>;
  /** Asserts that no save is on its way: a save made now is the next one. */
  quiet(): Promise<void>;
}

/**
 * Watches files in a scratch directory, named relative to it; they were saved long ago.
 * @param prepare is done before the watch begins
 */
export async function watched(
  names: readonly string[],
  options: Partial<WatchOptions> = {},
  prepare?: (scratch: Scratch) => Promise<void>,
): Promise<Watched> {
  const texts = Object.fromEntries(names.map((name) => [name, `text of ${name}\n`]));
  const scratch = names.length > 100 ? new Scratch(texts, MEMORY) : new Scratch(texts);
  const long = new Date(Date.now() - 60_000);
  for (const name of names) utimesSync(scratch.file(name), long, long);
  await prepare?.(scratch);
  const wakes = new Inbox<true>();
  const unknown = new Inbox<string>();
  const watch = await Watch.open(
    names.map((name) => scratch.file(name)),
    {
      sourceDir: scratch.path,
      buildDir: scratch.file("build"),
      since: Date.now() - 30_000,
      onChange: () => wakes.push(true),
      onUnknown: unknown.push,
      ...options,
    },
  );
  closeAtEnd(watch);
  await watch.digested();
  const next = async (): Promise<Changes> => {
    for (;;) {
      await wakes.next("save");
      const changes = await watch.take();
      if (changes.changed.length + changes.touched.length > 0) return changes;
    }
  };
  const quiet = async (): Promise<void> => {
    const witness = scratch.file(names[0] as string);
    appendFileSync(witness, "more\n");
    assert.deepEqual((await next()).changed, [witness]);
  };
  return { scratch, watch, unknown, next, quiet };
}
