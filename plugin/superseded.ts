// Which patches of a process are history: each function that they replaced has been replaced again, and they brought nothing
// that is still referred to. Their libraries stay loaded, since code of theirs may stand on a stack; a debugger that is
// attached later on is all that would want their files.
import type { PatchRecord } from "./process_history.js";

export class SupersededPatches {
  /** Entry of a function -> the newest patch of those taken so far that replaced it. */
  readonly #newest = new Map<number, number>();
  /** Patch -> for how many functions it is the newest one, and one more if it brought something new. */
  readonly #lives = new Map<number, number>();
  /** So many of the process's patches were looked at. */
  count = 0;

  /** Takes the next older patch that stands for good. Returns the numbers of those that are history from now on. */
  take({ number, code, introduced }: Pick<PatchRecord, "number" | "code" | "introduced">): number[] {
    if (code === undefined) return [];
    const over: number[] = [];
    for (const { entry } of code) {
      const before = this.#newest.get(entry);
      this.#newest.set(entry, number);
      if (before !== undefined && this.#release(before)) over.push(before);
    }
    const brings = introduced.some(({ renamed }) => renamed !== true);
    if (brings || code.length > 0) this.#lives.set(number, code.length + Number(brings));
    else over.push(number);
    return over;
  }

  /** True if that was the last one. */
  #release(number: number): boolean {
    const lives = (this.#lives.get(number) ?? 0) - 1;
    this.#lives.set(number, lives);
    if (lives === 0) this.#lives.delete(number);
    return lives === 0;
  }
}
