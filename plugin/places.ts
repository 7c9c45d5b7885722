// Where in the sources a refusal is about: by the symbol that it names.
import { type Place, places, type Refusal, shortName } from "./elf/index.js";
import type { Problem } from "./errors.js";

/** Each refusal with the file and the line where what it names is declared, as far as the objects can tell. */
export async function placedProblems(
  refusals: readonly Refusal[],
  objects: readonly { readonly before: string | null; readonly after: string }[],
): Promise<Problem[]> {
  if (refusals.length === 0) return [];
  // The new text is what the reader has before him; what is gone from it was in the old one.
  const files = [...objects.map(({ after }) => after), ...objects.flatMap(({ before }) => before ?? [])];
  const found = await Promise.all(files.map((file) => places(file)));
  const known = found.flatMap((result) => (result.ok ? [result.value] : []));
  return refusals.map(({ code, message, symbol }) => {
    const place = placeOf(symbol, known);
    return { code, message, ...(place ? { file: place.file, line: place.line } : {}) };
  });
}

/** `f(int)::n` is `f::n` in the debug information. */
const scopedName = (symbol: string): string =>
  shortName(symbol).replace(/\[abi:[^\]]*\]|\((?!anonymous namespace)[^()]*\)(?: const)?(?=::)/g, "");

/** Where what the symbol names is declared. */
export function placeOf(symbol: string, known: readonly ReadonlyMap<string, Place>[]): Place | undefined {
  // gcc numbers function statics of C: `count.0`.
  const unnumbered = symbol.replace(/\.\d+$/, "");
  for (const name of [symbol, `${unnumbered}.`, unnumbered, scopedName(symbol)]) {
    for (const places of known) {
      const place = places.get(name);
      if (place) return place;
    }
  }
  return undefined;
}
