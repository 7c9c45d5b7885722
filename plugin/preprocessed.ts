// A preprocessed C or C++ text, and functions added to it that construct variables which it declares.
//
// For `A fresh(3);` at the end of its declaration: `static void hotreload_construct_0() { static A fresh(3); }`. Only as
// much of the language is understood as it takes to find where a declaration begins and ends; whether it was
// understood rightly is told by the compiler, and by the names of what it makes of it (elf/core/constructions.cc).
import { normalize, resolve } from "node:path";

/** A variable, by where debug information says that it is declared. */
export interface Declared {
  /** Without its scope. */
  readonly name: string;
  /** Absolute. */
  readonly file: string;
  readonly line: number;
}

interface Token {
  readonly text: string;
  readonly start: number;
  readonly end: number;
  readonly file: string;
  /** The file as its line marker names it. */
  readonly marked: string;
  readonly line: number;
}

/** A declaration at hand: its tokens outside of brackets, and where among them the variable's name is. */
interface Level {
  readonly bracket: string;
  tokens: Token[];
  name: number | undefined;
  /** Of a class. */
  readonly members: boolean;
}

interface Insertion {
  readonly at: number;
  readonly text: string;
}

const TOKEN = new RegExp(
  [
    /(?<blank>[^\S\n]+)/,
    /(?<newline>\n)/,
    /(?<raw>(?:u8|[uUL])?R"(?<delimiter>[^\s()\\]{0,16})\([\s\S]*?\)\k<delimiter>")/,
    /(?<literal>(?:u8|[uUL])?(?:"(?:[^"\\\n]|\\[\s\S])*"|'(?:[^'\\\n]|\\[\s\S])*'))/,
    /(?<number>\.?\d(?:[eEpP][+-]|'\w|[\w.])*)/,
    /(?<word>[\p{L}_$][\p{L}\p{N}_$]*)/u,
    /(?<mark>::|[\s\S])/,
  ]
    .map((part) => part.source)
    .join("|"),
  "uy",
);
const DIRECTIVE = /[^\S\n]*#[^\S\n]*(?:(?:line[^\S\n]+)?(\d+)[^\S\n]+"((?:[^"\\]|\\.)*)")?[^\n]*(?:\n|$)/y;
const CLASSES = new Set(["class", "struct", "union"]);
const ACCESS = new Set(["public", "private", "protected", "signals", "slots"]);
/** A function's static is none of these. */
const DROPPED = new Set(["static", "inline", "extern"]);
const REFUSED = new Set(["template", "typedef", "using", "thread_local", "__thread", "friend", "operator"]);
const ATTRIBUTES = new Set(["__attribute__", "alignas", "_Alignas"]);
const PLAIN_WORDS = new Set(["true", "false", "nullptr"]);
const CLOSING: Readonly<Record<string, string>> = { "}": "{", ")": "(", "]": "[" };

function* tokensOf(text: string, directory: string): Generator<Token> {
  let [file, marked, line] = ["", "", 1];
  for (let at = 0; at < text.length; ) {
    if (at === 0 || text[at - 1] === "\n") {
      DIRECTIVE.lastIndex = at;
      const directive = DIRECTIVE.exec(text);
      if (directive) {
        at = DIRECTIVE.lastIndex;
        line += 1;
        if (directive[1] === undefined) continue;
        line = Number(directive[1]);
        marked = directive[2] ?? marked;
        file = normalize(resolve(directory, marked.replace(/\\(.)/g, "$1")));
        continue;
      }
    }
    TOKEN.lastIndex = at;
    const { groups, 0: whole } = TOKEN.exec(text) as RegExpExecArray;
    const end = at + whole.length;
    if (groups?.blank === undefined && groups?.newline === undefined) {
      yield { text: whole, start: at, end, file, marked, line };
    }
    line += whole.split("\n").length - 1;
    at = end;
  }
}

/** The files that the text was made of, as its line markers name them. */
export function filesOf(text: string, directory: string): string[] {
  const files = new Set<string>();
  for (const [, file] of text.matchAll(/^# \d+ "((?:[^"\\]|\\.)*)"/gm)) {
    if (file !== undefined && !file.startsWith("<")) files.add(resolve(directory, file.replace(/\\(.)/g, "$1")));
  }
  return [...files];
}

/**
 * @param directory of the compilation
 * @param catches false if exceptions are turned off
 */
export function addConstructions(
  text: string,
  wanted: readonly Declared[],
  { directory, catches }: { readonly directory: string; readonly catches: boolean },
): string {
  const places = new Set(wanted.map(({ name, file, line }) => `${name}\n${line}\n${normalize(file)}`));
  const insertions: Insertion[] = [];
  const stack: Level[] = [{ bracket: "{", tokens: [], name: undefined, members: false }];
  const names = new Set(wanted.map(({ name }) => name));
  for (const token of tokensOf(text, directory)) {
    const level = stack.at(-1) as Level;
    if (token.text === "{" || token.text === "(" || token.text === "[") {
      const members = level.tokens.some(({ text }) => CLASSES.has(text)) && level.tokens.at(-1)?.text !== ")";
      level.tokens.push(token);
      stack.push({ bracket: token.text, tokens: [], name: undefined, members });
    } else if (token.text in CLOSING) {
      if (level.bracket !== CLOSING[token.text] || stack.length === 1) break; // not understood
      stack.pop();
      const outer = stack.at(-1) as Level;
      if (token.text === "}" && outer.bracket === "{" && outer.name === undefined) outer.tokens = [];
      else outer.tokens.push(token);
    } else if (token.text === ";" && level.bracket === "{") {
      const added = level.name === undefined ? undefined : construction(text, level, token, insertions.length);
      if (added !== undefined) insertions.push(added);
      Object.assign(level, { tokens: [], name: undefined });
    } else if (token.text === ":" && ACCESS.has(level.tokens.at(-1)?.text ?? "") && level.name === undefined) {
      level.tokens = [];
    } else {
      const declares = level.bracket === "{" && level.name === undefined && !level.tokens.some((t) => t.text === "=");
      // A member is defined where it is declared if it is inline; else elsewhere, with the name of its class before it.
      const before = level.tokens.at(-1)?.text;
      const found = before === "::" ? names.has(token.text) : places.has(`${token.text}\n${token.line}\n${token.file}`);
      const defines = !level.members || level.tokens.some(({ text }) => text === "inline");
      if (declares && found && defines) level.name = level.tokens.length;
      level.tokens.push(token);
    }
  }
  let result = "";
  let behind = 0;
  for (const { at, text: added } of insertions) {
    result += text.slice(behind, at) + added;
    behind = at;
  }
  const body = catches ? "try { function(); return 1; } catch (...) { return 0; }" : "function(); return 1;";
  const guard = `__attribute__((used)) static int hotreload_guard(void (*function)(void)) { ${body} }`;
  return `${result}${text.slice(behind)}\n${guard}\n`;
}

/** The function that constructs what a declaration declares; undefined if it is none that a function may hold. */
function construction(text: string, { tokens, name = 0 }: Level, end: Token, number: number): Insertion | undefined {
  let head = tokens.slice(0, name);
  const [first, variable] = [tokens[0], tokens[name]];
  if (!first || !variable || head.some((token) => REFUSED.has(token.text))) return undefined;
  let of: string[] = [];
  let dropped = head.filter((token) => DROPPED.has(token.text));
  if (head.at(-1)?.text === "::") {
    // Of a class: its members are in the scope of the initializer, but would not be in that of the function.
    let begin = head.length;
    while (head[begin - 1]?.text === "::" && /^[\p{L}_]/u.test(head[begin - 2]?.text ?? "")) begin -= 2;
    const words = text.slice(variable.end, end.start).match(/(?:"(?:[^"\\]|\\.)*")|[\p{L}_][\p{L}\p{N}_]*/gu) ?? [];
    if (words.some((word) => !word.startsWith('"') && !PLAIN_WORDS.has(word))) return undefined;
    dropped = [...dropped, ...head.slice(begin)];
    of = head
      .slice(begin)
      .map(({ text }) => text.replace("::", ""))
      .filter((text) => text !== "");
    head = head.slice(0, begin);
  }
  const kept = head.filter((token) => !dropped.includes(token));
  const specifier = kept.find((token) => /^[\p{L}_]/u.test(token.text) && !ATTRIBUTES.has(token.text));
  if (!specifier) return undefined;
  let declaration = "";
  let behind = first.start;
  for (const token of [...dropped, specifier].sort((a, b) => a.start - b.start)) {
    declaration += text.slice(behind, token.start);
    if (token === specifier) declaration += "static __attribute__((used)) ";
    behind = token === specifier ? token.start : token.end;
  }
  declaration += text.slice(behind, end.end);
  const open = `__attribute__((used)) static void hotreload_construct_${[number, ...of].join("__")}() {`;
  const lines = [marker(first), `${open} ${declaration} }`, marker(end), ""];
  return { at: end.end, text: `\n${lines.join("\n")}` };
}

const marker = ({ marked, line }: Token): string => `# ${line} "${marked}"`;
