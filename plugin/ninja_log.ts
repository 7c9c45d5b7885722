// What ninja wrote, from its .ninja_log: one line for each output of each step that succeeded, appended when it is done
// (ninja build_log.cc): start, end, time, output, hash, separated by tabs. The time is the output's own, in nanoseconds,
// up to version 5 (ninja 1.11); from version 6 on it is that of the newest input.

import { closeSync, fstatSync, openSync, readSync } from "node:fs";

interface Entry {
  readonly time: bigint;
  /** How often the output was written, as far as was read. */
  readonly count: number;
}

export class NinjaLog {
  #inode = 0n;
  #read = 0;
  #isTimeOfOutput = false;
  #entries = new Map<string, Entry>();
  /** Output -> the entry that was taken for a file, see vouchesFor(). */
  readonly #taken = new Map<string, Entry>();

  constructor(private readonly path: string) {}

  /**
   * The outputs that were written since the last time, as ninja names them. Undefined if that cannot be told: there is
   * another file now, as after a recompaction, or this is the first time.
   */
  written(): ReadonlySet<string> | undefined {
    let file: number;
    try {
      file = openSync(this.path, "r");
    } catch {
      return new Set(); // nothing was built here
    }
    try {
      const status = fstatSync(file, { bigint: true });
      const size = Number(status.size);
      const goesOn = status.ino === this.#inode && size >= this.#read;
      if (!goesOn) this.#read = 0;
      const appended = Buffer.alloc(size - this.#read);
      readSync(file, appended, 0, appended.length, this.#read);
      this.#inode = status.ino;
      // A line that is only half there is read the next time.
      const whole = appended.lastIndexOf("\n") + 1;
      this.#read += whole;
      const outputs = this.#take(appended.subarray(0, whole).toString());
      return goesOn ? outputs : undefined;
    } finally {
      closeSync(file);
    }
  }

  /**
   * True if an output's file, with this modification time, is one that ninja wrote, and not what somebody put in its
   * place. True without a log: another tool builds here.
   */
  vouchesFor(output: string, timeNs: bigint): boolean {
    if (this.#read === 0) return true;
    const entry = this.#entries.get(output);
    if (entry === undefined) return false;
    if (this.#isTimeOfOutput) return entry.time === timeNs;
    if (entry.time > timeNs || this.#taken.get(output)?.count === entry.count) return false;
    this.#taken.set(output, entry);
    return true;
  }

  #take(lines: string): ReadonlySet<string> {
    const outputs = new Set<string>();
    for (const line of lines.split("\n")) {
      const version = /^# ninja log v(\d+)$/.exec(line)?.[1];
      if (version !== undefined) this.#isTimeOfOutput = Number(version) <= 5;
      const [, , time, output] = line.split("\t");
      if (output === undefined || time === undefined) continue;
      outputs.add(output);
      this.#entries.set(output, { time: BigInt(time), count: (this.#entries.get(output)?.count ?? 0) + 1 });
    }
    return outputs;
  }
}
