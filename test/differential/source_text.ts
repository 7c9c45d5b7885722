// The functions, statements and types of a C or C++ file, found by its layout on the page alone: good enough to edit at
// random, since a compiler looks at the result.

export interface FunctionText {
  readonly name: string;
  /** Where its first line begins. */
  readonly start: number;
  /** Where its last header line begins. */
  readonly header: number;
  /** Behind the opening brace. */
  readonly body: number;
  /** At the closing brace. */
  readonly end: number;
  /** At the top of the file or of a namespace: other functions may be put before it. */
  readonly top: boolean;
}

export interface Line {
  readonly start: number;
  /** At the newline. */
  readonly end: number;
}

/** Remembers the last result: several edits are tried on one text, which may be long. */
function remembered<T>(compute: (text: string) => T): (text: string) => T {
  let known: { readonly text: string; readonly result: T } | undefined;
  return (text) => {
    if (known?.text !== text) known = { text, result: compute(text) };
    return known.result;
  };
}

/** The same text with comments, strings and characters blanked, so that all offsets hold. */
export const masked = remembered((text: string): string => {
  const pattern = /\/\/[^\n]*|\/\*[\s\S]*?\*\/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])+'|^[ \t]*#[^\n]*(?:\\\n[^\n]*)*/gm;
  return text.replace(pattern, (part) => part.replace(/[^\n]/g, " "));
});

const NO_FUNCTION = /^\s*(if|for|while|switch|else|return|namespace|struct|class|enum|union|do|catch|try|extern)\b/;

/** What a live process has run already and does not run again: `InitModule` is LevelDB's. */
const RUNS_ONCE = /_start$|^InitModule$/;

export const functionsOf = remembered((text: string): readonly FunctionText[] => {
  const code = masked(text);
  const found: FunctionText[] = [];
  const pattern = /^([ \t]*)[^\n]*?([~\w]+|operator[^\w\s(]+)\(([^;{}]*)\)[^;{}()]*\{[ \t]*$/gm;
  for (let match = pattern.exec(code); match; match = pattern.exec(code)) {
    const header = match.index;
    const [line, indent = "", name = ""] = match;
    if (NO_FUNCTION.test(line) || /\b(if|for|while|switch|return)\b|=\s*\[|\[[&=\w, ]*\]\s*\(/.test(line)) continue;
    const body = match.index + line.lastIndexOf("{") + 1;
    const end = closing(code, body);
    if (end === undefined || text.slice(body, end).includes("hr_field") || RUNS_ONCE.test(name)) continue;
    found.push({ name, start: firstLine(text, header), header, body, end, top: indent === "" });
    pattern.lastIndex = end;
  }
  return found;
});

/** The bracket that closes what was opened just before. */
export function closing(code: string, from: number, opening = "{", closed = "}"): number | undefined {
  let depth = 1;
  for (let at = from; at < code.length; at++) {
    if (code[at] === opening) depth++;
    if (code[at] === closed && --depth === 0) return at;
  }
  return undefined;
}

/** Result types and template parameters may stand on lines of their own. */
function firstLine(text: string, header: number): number {
  let start = header;
  for (;;) {
    const before = text.lastIndexOf("\n", start - 2) + 1;
    const line = text.slice(before, start).trim();
    if (start === 0 || line === "" || /[;{}:]$|^#|^\/[/*]|\*\/$/.test(line)) return start;
    start = before;
  }
}

/** Lines of the body that hold one whole statement each, with the start of the expression. */
export function statementsOf(text: string, of: FunctionText): Line[] {
  const code = masked(text);
  const found: Line[] = [];
  let previous = "{";
  for (let start = code.indexOf("\n", of.body) + 1; start > 0 && start < of.end; ) {
    let end = code.indexOf("\n", start);
    if (end < 0 || end > of.end) end = of.end;
    const line = code.slice(start, end);
    const statement = /^\s*[A-Za-z_*(][\w\->.[\]()*&:]*\s*([-+*/|&^]?=[^=]|\+\+|--|\().*;\s*$/.test(line);
    const balanced =
      line.split("(").length === line.split(")").length && !/[{}]|\b(return|for|while|if|else|do)\b/.test(line);
    if (statement && balanced && /[;{}]\s*$/.test(previous) && !line.includes("hr_state")) found.push({ start, end });
    if (line.trim() !== "") previous = line;
    start = end + 1;
  }
  return found;
}

/** Places behind the opening brace of each structure or class. */
export function typesOf(text: string): { readonly name: string; readonly body: number }[] {
  const code = masked(text);
  return [...code.matchAll(/^[ \t]*(?:struct|class) (\w+)[^;{}()]*\{[ \t]*$/gm)].map((match) => ({
    name: match[1] ?? "",
    body: match.index + match[0].lastIndexOf("{") + 1,
  }));
}
