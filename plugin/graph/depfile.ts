// Reads a depfile of gcc or clang (-MD): the make rule "output: inputs", with the escapes that the compilers write.

/**
 * Inputs of all rules of the file, in order and without repetitions. Escapes as in ninja's depfile_parser: `\ ` and `\#` are
 * the character alone, `$$` is `$`, a backslash at the end of a line goes on with the next; others stay as they are.
 */
export function parseDepfile(text: string): string[] {
  const inputs = new Set<string>();
  for (const rule of text.replace(/\\\r?\n/g, " ").split(/\r?\n/)) {
    const words = rule.match(/(?:\\[ #]|\$\$|[^\s])+/g) ?? [];
    const colon = words.findIndex((word) => word.endsWith(":"));
    for (const word of colon < 0 ? [] : words.slice(colon + 1)) {
      inputs.add(word.replace(/\\([ #])|\$\$/g, (_, character: string | undefined) => character ?? "$"));
    }
  }
  return [...inputs];
}
