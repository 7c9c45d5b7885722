// Which code of a process is old: what the entries of replaced functions led to before a patch.
import { type CodeRange, type Redirect, shortName } from "./elf/index.js";

/** Code that an entry leads to with a patch; with the first patch of an entry also what it was before. */
export interface FunctionCode {
  /** As the user knows it. */
  readonly function: string;
  readonly entry: number;
  readonly ranges: readonly CodeRange[];
}

/** Code that nothing enters any more, but that may stand on a stack. */
export interface OldCode extends CodeRange {
  readonly function: string;
  /**
   * Functions that changed, whose callers in old code may go by what these did before: they may not pass an argument that
   * was not used, not look at a result that was always the same, not expect an exception.
   */
  readonly reliesOn: readonly string[];
}

/** @param earlier patches of the process, in order. Returns what to remember, and what is old from now on. */
export function followCode(
  redirects: readonly Redirect[],
  earlier: readonly (readonly FunctionCode[] | undefined)[],
): { readonly code: readonly FunctionCode[]; readonly old: readonly OldCode[] } {
  const entries = new Set(redirects.map(({ entry }) => entry));
  const known = new Map<number, CodeRange[]>();
  for (const code of earlier) {
    for (const { entry, ranges } of code ?? []) {
      if (!entries.has(entry)) continue;
      const all = known.get(entry);
      if (all) all.push(...ranges);
      else known.set(entry, [...ranges]);
    }
  }
  const named = redirects.map((redirect) => ({ ...redirect, function: shortName(redirect.name) }));
  return {
    code: named.map(({ function: name, entry, oldCode, newCode }) => ({
      function: name,
      entry,
      ranges: known.has(entry) ? newCode : [...oldCode, ...newCode],
    })),
    // What only moved is what it was, wherever it stands on a stack.
    old: named.flatMap(({ function: name, entry, oldCode, reliedOn, moved }) => {
      if (moved) return [];
      const reliesOn = [...new Set(reliedOn.map(shortName))];
      return (known.get(entry) ?? oldCode).map((range) => ({ function: name, reliesOn, ...range }));
    }),
  };
}
