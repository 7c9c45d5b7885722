// Cuts a manifest into the tokens of ninja (lexer.in.cc, ninja 1.12): positions, escapes and errors are the same.
import { NinjaSyntaxError, type Source } from "./source.js";

/** A token is its own name in error messages. */
export type Token =
  | "lexing error"
  | "'build'"
  | "':'"
  | "'default'"
  | "'='"
  | "identifier"
  | "'include'"
  | "indent"
  | "newline"
  | "'||'"
  | "'|'"
  | "'|@'"
  | "'pool'"
  | "'rule'"
  | "'subninja'"
  | "eof";

const keywords: ReadonlyMap<string, Token> = new Map([
  ["build", "'build'"],
  ["default", "'default'"],
  ["include", "'include'"],
  ["pool", "'pool'"],
  ["rule", "'rule'"],
  ["subninja", "'subninja'"],
]);

/** Text with references to variables: alternately as it stands and to be looked up. Without references, a string. */
export type EvalString = string | readonly (string | Reference)[];

export interface Reference {
  readonly variable: string;
}

const newline = 10;
const carriageReturn = 13;
const space = 32;
const hash = 35;
const dollar = 36;
const colon = 58;
const brace = 123;

// What a character may be part of.
const inSimpleName = 1;
const inName = 2;
const endsPath = 4;
const endsValue = 8;
const classes = new Uint8Array(128);
for (const character of "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") {
  classes[character.charCodeAt(0)] = inSimpleName | inName;
}
classes[46] = inName; // "."
for (const character of "$ :|\r\n") classes[character.charCodeAt(0)] = endsPath;
for (const character of "$\r\n") classes[character.charCodeAt(0)] = endsPath | endsValue;

export class Lexer {
  private readonly source: Source;
  private readonly text: string;
  private offset = 0;
  /** The few names of a manifest, each kept once: an edge has about seven. */
  private readonly names = new Map<string, string>();
  /** Offset of the token that was read last; errors point at it. */
  lastToken = 0;

  constructor(source: Source) {
    this.source = source;
    this.text = source.text;
  }

  error(message: string): NinjaSyntaxError {
    return new NinjaSyntaxError(message, this.source.placeAt(this.lastToken));
  }

  /** What is wrong with the token that was read last, a "lexing error". */
  describeLexingError(): NinjaSyntaxError {
    return this.error(this.text[this.lastToken] === "\t" ? "tabs are not allowed, use spaces" : "lexing error");
  }

  readToken(): Token {
    this.skipComments();
    const start = this.offset;
    const token = this.scanToken(start);
    this.lastToken = start;
    if (token !== "newline" && token !== "eof") this.skipSpace();
    return token;
  }

  unreadToken(): void {
    this.offset = this.lastToken;
  }

  /** Goes on behind what was read without the lexer. */
  continueAt(offset: number): void {
    this.offset = offset;
  }

  /** Reads the token if it is this one. */
  peekToken(token: Token): boolean {
    if (this.readToken() === token) return true;
    this.unreadToken();
    return false;
  }

  expectToken(expected: Token): void {
    const token = this.readToken();
    if (token === expected) return;
    const hint = expected === "':'" ? " ($ also escapes ':')" : "";
    throw this.error(`expected ${expected}, got ${token}${hint}`);
  }

  /** A name of a rule, pool or variable; keywords are names here. undefined if there is none. */
  readName(): string | undefined {
    const start = this.offset;
    const end = this.endOf(start, inName);
    this.lastToken = start;
    if (end === start) return undefined;
    this.offset = end;
    this.skipSpace();
    const name = this.text.slice(start, end);
    const known = this.names.get(name);
    if (known === undefined) this.names.set(name, name);
    return known ?? name;
  }

  /** Up to the next space, colon, bar or end of line; "" if there is no path here. */
  readPath(): EvalString {
    const path = this.readEvalString(endsPath);
    this.skipSpace();
    return path;
  }

  /** Up to and with the end of the line. */
  readValue(): EvalString {
    const value = this.readEvalString(endsValue);
    this.offset += this.text.charCodeAt(this.offset) === carriageReturn ? 2 : 1;
    return value;
  }

  /** Comments count only with the line's end that closes them, and take the spaces before them along. */
  private skipComments(): void {
    for (;;) {
      let at = this.offset;
      while (this.text.charCodeAt(at) === space) at++;
      if (this.text.charCodeAt(at) !== hash) return;
      const end = this.text.indexOf("\n", at);
      if (end < 0) return;
      this.offset = end + 1;
    }
  }

  /** The token at `start`; leaves the offset behind it. */
  private scanToken(start: number): Token {
    const { text } = this;
    let at = start;
    while (text.charCodeAt(at) === space) at++;
    const lineEnd = this.lengthOfLineEnd(at);
    if (lineEnd > 0) {
      this.offset = at + lineEnd;
      return "newline";
    }
    if (at > start) {
      this.offset = at;
      return "indent";
    }
    const nameEnd = this.endOf(start, inName);
    if (nameEnd > start) {
      this.offset = nameEnd;
      return keywords.get(text.slice(start, nameEnd)) ?? "identifier";
    }
    this.offset = start + 1;
    switch (text[start]) {
      case undefined:
        this.offset = start;
        return "eof";
      case "=":
        return "'='";
      case ":":
        return "':'";
      case "|":
        if (text[start + 1] !== "|" && text[start + 1] !== "@") return "'|'";
        this.offset = start + 2;
        return text[start + 1] === "|" ? "'||'" : "'|@'";
      default:
        return "lexing error";
    }
  }

  /** Reads text and references until a character that ends it, and leaves that one unread. */
  private readEvalString(ends: number): EvalString {
    const { text } = this;
    const pieces: (string | Reference)[] = [];
    let literal = "";
    let at = this.offset;
    for (;;) {
      const start = at;
      let character = text.charCodeAt(at);
      while (character >= 128 || ((classes[character] ?? ends) & ends) === 0) character = text.charCodeAt(++at);
      if (at > start) literal += text.slice(start, at);
      this.lastToken = at;
      if (character !== dollar) {
        if (at >= text.length) throw this.error("unexpected EOF");
        if (character === carriageReturn && this.lengthOfLineEnd(at) === 0) throw this.error("lexing error");
        break;
      }
      const next = text.charCodeAt(at + 1);
      const lineEnd = this.lengthOfLineEnd(at + 1);
      if (next === dollar || next === space || next === colon) {
        literal += text[at + 1];
        at += 2;
      } else if (lineEnd > 0) {
        at += 1 + lineEnd;
        while (text.charCodeAt(at) === space) at++;
      } else {
        const from = next === brace ? at + 2 : at + 1;
        const to = this.endOf(from, next === brace ? inName : inSimpleName);
        if (to === from || (next === brace && text[to] !== "}")) {
          throw this.error("bad $-escape (literal $ must be written as $$)");
        }
        if (literal !== "") pieces.push(literal);
        literal = "";
        pieces.push({ variable: text.slice(from, to) });
        at = next === brace ? to + 1 : to;
      }
    }
    this.offset = at;
    if (pieces.length === 0) return literal;
    if (literal !== "") pieces.push(literal);
    return pieces;
  }

  /** Spaces and line continuations between tokens. */
  private skipSpace(): void {
    for (;;) {
      const character = this.text.charCodeAt(this.offset);
      if (character === space) this.offset++;
      else if (character === dollar && this.lengthOfLineEnd(this.offset + 1) > 0) {
        this.offset += 1 + this.lengthOfLineEnd(this.offset + 1);
      } else return;
    }
  }

  private lengthOfLineEnd(at: number): number {
    const character = this.text.charCodeAt(at);
    if (character === newline) return 1;
    return character === carriageReturn && this.text.charCodeAt(at + 1) === newline ? 2 : 0;
  }

  private endOf(start: number, characters: number): number {
    let at = start;
    while (((classes[this.text.charCodeAt(at)] ?? 0) & characters) !== 0) at++;
    return at;
  }
}
