// One file that is edited at random: what of it is chosen, and how text is put into it or exchanged.

import type { Random } from "./random.js";
import { type FunctionText, functionsOf, masked, statementsOf } from "./source_text.js";

export interface Place {
  readonly file: string;
  readonly text: string;
  readonly random: Random;
  /** Different for each edit of a run: names are made with it. */
  readonly number: number;
  /** Texts of the other files, by name. */
  readonly others: ReadonlyMap<string, string>;
}

/** Returns the new text of the file, or the new texts of several files by name; undefined where it does not fit. */
export type Mutation = (place: Place) => string | ReadonlyMap<string, string> | undefined;

export const isCxx = ({ file }: Place) => !file.endsWith(".c");

export function insert(text: string, at: number, what: string): string {
  return text.slice(0, at) + what + text.slice(at);
}

export function replace(text: string, start: number, end: number, by: string): string {
  return text.slice(0, start) + by + text.slice(end);
}

export function aFunction({ text, random }: Place): FunctionText | undefined {
  return random.pick(functionsOf(text));
}

/** One of the matches within a function, or within the whole file. */
export function aMatch(place: Place, pattern: RegExp, where: "function" | "file"): RegExpExecArray | undefined {
  const chosen = where === "function" ? aFunction(place) : { body: 0, end: place.text.length };
  if (!chosen) return undefined;
  const code = masked(place.text);
  const matches = [...code.slice(chosen.body, chosen.end).matchAll(pattern)].filter((match) => {
    const at = chosen.body + match.index;
    // A size that is wrong makes writes out of bounds, and what these hit depends on the layout of the process.
    return !/hr_|\bsizeof\b/.test(code.slice(code.lastIndexOf("\n", at) + 1, at + 40));
  });
  const match = place.random.pick(matches);
  if (match) match.index += chosen.body;
  return match as RegExpExecArray | undefined;
}

export function aStatement(place: Place) {
  const chosen = aFunction(place);
  return chosen && place.random.pick(statementsOf(place.text, chosen));
}

export function atBody(place: Place, code: string): string | undefined {
  const chosen = aFunction(place);
  return chosen && insert(place.text, chosen.body, `\n  ${code}`);
}

/** What is put before a function, and what is put into it. */
export function before(place: Place, definition: string, code: string): string | undefined {
  const chosen = place.random.pick(functionsOf(place.text).filter(({ top }) => top));
  if (!chosen) return undefined;
  return insert(insert(place.text, chosen.body, `\n  ${code}`), chosen.start, `${definition}\n\n`);
}

/** What a function returns that gives a number, or nothing; undefined for others. */
export function aResult(place: Place, { start, body }: FunctionText): string | undefined {
  const header = place.text.slice(start, body);
  if (/^\s*(static |inline |extern "C" )*void /.test(header)) return "return;";
  const isNumber = /^\s*(static |inline )*(int|long|unsigned|bool|double|size_t) [^*&]*\(/.test(header);
  return isNumber ? `return ${place.random.below(9)};` : undefined;
}
