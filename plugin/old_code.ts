// Which code of a process is old: what the entries of replaced functions led to before a patch.
import { type CodeRange, type Redirect, shortName } from "./elf/index.js";

/** All code that an entry has led to, up to and with a patch. */
export interface FunctionCode {
  /** As the user knows it. */
  readonly function: string;
  readonly entry: number;
  readonly ranges: readonly CodeRange[];
}

/** Code that nothing enters any more, but that may stand on a stack. */
export interface OldCode extends CodeRange {
  readonly function: string;
}

/** @param earlier patches of the process, in order. Returns what to remember, and what is old from now on. */
export function followCode(
  redirects: readonly Redirect[],
  earlier: readonly (readonly FunctionCode[] | undefined)[],
): { readonly code: readonly FunctionCode[]; readonly old: readonly OldCode[] } {
  const known = new Map(earlier.flatMap((code) => code ?? []).map((code) => [code.entry, code.ranges]));
  const followed = redirects.map(({ name, entry, oldCode, newCode }) => ({
    function: shortName(name),
    entry,
    old: known.get(entry) ?? oldCode,
    newCode,
  }));
  return {
    code: followed.map(({ function: name, entry, old, newCode }) => ({
      function: name,
      entry,
      ranges: [...old, ...newCode],
    })),
    old: followed.flatMap(({ function: name, old }) => old.map((range) => ({ function: name, ...range }))),
  };
}
