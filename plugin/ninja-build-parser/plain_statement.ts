// Recognises a build statement in which nothing is to be evaluated, as nearly all of CMake's are, in a single match.
//
// The lexer reads every statement right. This is faster (5,000 objects: 50 ms instead of 75 for the first manifest of a
// process, 20 instead of 30 later), because the loop over the characters is that of the regular expression. What is accepted
// here is a part of the grammar, and means the same: no "$", no CR, no comment inside, bindings with names in capitals only.
import type { EdgeFiles } from "./edge.js";

/** What is accepted needs no evaluation, and its paths are canonical. */
export interface PlainStatement extends EdgeFiles {
  readonly rule: string;
  /** The lines of its bindings: from the start of the first to behind the LF of the last. */
  readonly bindingsStart: number;
  readonly end: number;
}

// Components, paths and lists are told apart by their characters alone, so that nothing is tried twice.
const component = "\\.?[^$:|\\r\\n /.][^$:|\\r\\n /]*";
const path = `/?${component}(?:/${component})*`;
const list = `(${path}(?: +${path})*)`;
const statement = new RegExp(
  `build +${list}(?: *\\| +${list})? *: *([\\w.-]+)(?: +${list})?(?: *\\| +${list})?(?: *\\|\\| +${list})? *\\n` +
    "((?: +[A-Z][\\w.-]* *=[^$\\r\\n]*\\n)*)(?! )", // bindings, and nothing else that is indented
  "y",
);

/** @param start offset of the word `build` @returns undefined for what the lexer has to read */
export function matchPlainStatement(text: string, start: number): PlainStatement | undefined {
  statement.lastIndex = start;
  const match = statement.exec(text);
  if (match === null) return undefined;
  const end = statement.lastIndex;
  return {
    outputs: pathsOf(match[1]),
    implicitOutputs: pathsOf(match[2]),
    rule: match[3] ?? "",
    inputs: pathsOf(match[4]),
    implicitInputs: pathsOf(match[5]),
    orderOnlyInputs: pathsOf(match[6]),
    validations: none,
    bindingsStart: end - (match[7] ?? "").length,
    end,
  };
}

const none: readonly string[] = Object.freeze([]);

function pathsOf(words: string | undefined): readonly string[] {
  if (words === undefined) return none;
  return words.includes(" ") ? words.split(" ").filter(Boolean) : [words];
}
