// What a test program printed: the value of each field over time (programs/ticker/report.h).

import assert from "node:assert/strict";
import { type Changes, DEADLINE } from "./changes.js";

export type Fields = Readonly<Record<string, string | RegExp>>;

export class TickLog {
  /** Ticks seen. */
  ticks = 0;
  /** The last lines of all that was printed. */
  readonly lines: string[] = [];
  /** Lines that were printed, whether they are still in `lines` or not. */
  printed = 0;
  readonly #values = new Map<string, string[]>();
  /** Where in a field's history the last call of `shows` left it. */
  readonly #shown = new Map<string, number>();
  readonly #changes: Changes;
  readonly #guard: () => void;
  #partial = "";

  /** @param guard throws when there is nothing to wait for any more */
  constructor(changes: Changes, guard: () => void) {
    this.#changes = changes;
    this.#guard = guard;
  }

  /** Takes what came from the program, in pieces of any size. */
  feed(text: string): void {
    const lines = (this.#partial + text).split("\n");
    this.#partial = lines.pop() ?? "";
    for (const line of lines) this.#line(line.replace(/\r$/, ""));
    if (lines.length > 0) this.#changes.notify();
  }

  /** A process began anew: its values are no continuation of those before. */
  forget(): void {
    this.#values.clear();
    this.#shown.clear();
    this.#partial = "";
  }

  #line(line: string): void {
    this.lines.push(line);
    this.printed += 1;
    if (this.lines.length > 400) this.lines.splice(0, 200);
    const match = /^tick \d+(( \S+=\S*)*)$/.exec(line);
    if (!match) return;
    this.ticks += 1;
    for (const field of (match[1] ?? "").split(" ").filter(Boolean)) {
      const equals = field.indexOf("=");
      const name = field.slice(0, equals);
      const history = this.#values.get(name);
      const value = field.slice(equals + 1);
      if (!history) this.#values.set(name, [value]);
      else if (history.at(-1) !== value) history.push(value);
    }
  }

  /** The last lines, but none of the first `start` that were printed. */
  since(start: number): readonly string[] {
    const count = Math.min(this.lines.length, this.printed - start);
    return count > 0 ? this.lines.slice(-count) : [];
  }

  value(name: string): string | undefined {
    return this.#values.get(name)?.at(-1);
  }

  /** All values that the field has had, each once in a row. */
  history(name: string): readonly string[] {
    return this.#values.get(name) ?? [];
  }

  /** Waits until all fields have these values. Each must have gone there from its last value without a third one. */
  async shows(expected: Fields, deadline = DEADLINE): Promise<void> {
    const entries = Object.entries(expected);
    const differing = () => entries.filter(([name, value]) => !matches(this.value(name), value));
    const describe = () =>
      differing()
        .map(([name, value]) => `${name} is ${this.value(name)}, expected ${value}`)
        .join("; ");
    await this.#until(
      "the program to show what was expected",
      () => differing().length === 0,
      deadline,
      () => `${describe()}\nlast lines:\n${this.lines.slice(-5).join("\n")}`,
    );
    for (const [name] of entries) {
      const history = this.history(name);
      const since = history.slice(this.#shown.get(name) ?? Math.max(0, history.length - 2));
      assert.ok(since.length <= 2, `${name} went through ${since.join(", ")}`);
      this.#shown.set(name, history.length - 1);
    }
  }

  /** Waits for `count` more ticks: the program goes on. */
  async goesOn(count = 3, deadline = DEADLINE): Promise<void> {
    const goal = this.ticks + count;
    await this.#until("the program to go on", () => this.ticks >= goal, deadline);
  }

  async #until(what: string, done: () => boolean, deadline: number, context?: () => string): Promise<void> {
    const look = () => {
      if (done()) return true;
      this.#guard();
      return undefined;
    };
    await this.#changes.until(what, look, deadline, context);
  }
}

function matches(value: string | undefined, expected: string | RegExp): boolean {
  return value !== undefined && (typeof expected === "string" ? value === expected : expected.test(value));
}
