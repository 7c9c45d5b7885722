// Reads a dyndep file: inputs and outputs that a scan of the sources finds out (modules of C++20 and Fortran).
//
// Grammar and words of ninja's dyndep_parser.cc (1.12); https://ninja-build.org/manual.html#ref_dyndep
import { resolve } from "node:path";
import { canonicalPath } from "./canonical_path.js";
import { type EvalString, Lexer } from "./lexer.js";
import { evaluate, Scope } from "./scope.js";
import { Source } from "./source.js";

/** What one edge has in addition to its build statement. */
export interface Dyndep {
  /** An explicit output of the edge. */
  readonly output: string;
  readonly implicitOutputs: readonly string[];
  readonly implicitInputs: readonly string[];
  readonly restat: boolean;
}

/** @throws NinjaSyntaxError. That each output belongs to an edge is for the caller to check. */
export function parseDyndep(file: string, text: string): Dyndep[] {
  const lexer = new Lexer(new Source(resolve(file), text));
  const scope = new Scope();
  const found = new Map<string, Dyndep>();
  for (;;) {
    const token = lexer.readToken();
    if (token === "newline") continue;
    if (token === "lexing error") throw lexer.describeLexingError();
    const started = scope.variables.size > 0;
    if (token === "identifier" && !started) {
      lexer.unreadToken();
      readVersion(lexer, scope);
    } else if (token === "'build'" && started) {
      const statement = readStatement(lexer, scope, found);
      found.set(statement.output, statement);
    } else if (token === "eof" && started) {
      return [...found.values()];
    } else {
      throw lexer.error(started ? `unexpected ${token}` : "expected 'ninja_dyndep_version = ...'");
    }
  }
}

function readVersion(lexer: Lexer, scope: Scope): void {
  const name = lexer.readName();
  if (name !== "ninja_dyndep_version") throw lexer.error("expected 'ninja_dyndep_version = ...'");
  lexer.expectToken("'='");
  const version = evaluate(lexer.readValue(), scope);
  if (!/^1(\.0)?(?![\d.])/.test(version)) throw lexer.error(`unsupported 'ninja_dyndep_version = ${version}'`);
  scope.variables.set(name, version);
}

function readStatement(lexer: Lexer, scope: Scope, earlier: ReadonlyMap<string, Dyndep>): Dyndep {
  const path = (value: EvalString): string => {
    const text = evaluate(value, scope);
    if (text === "") throw lexer.error("empty path");
    return canonicalPath(text);
  };
  const values = (): EvalString[] => {
    const found: EvalString[] = [];
    for (let value = lexer.readPath(); value !== ""; value = lexer.readPath()) found.push(value);
    return found;
  };

  const first = lexer.readPath();
  if (first === "") throw lexer.error("expected path");
  const output = path(first);
  if (earlier.has(output)) throw lexer.error(`multiple statements for '${output}'`);
  if (lexer.readPath() !== "") throw lexer.error("explicit outputs not supported");
  const outputs = lexer.peekToken("'|'") ? values() : [];
  lexer.expectToken("':'");
  if (lexer.readName() !== "dyndep") throw lexer.error("expected build command name 'dyndep'");
  if (lexer.readPath() !== "") throw lexer.error("explicit inputs not supported");
  const inputs = lexer.peekToken("'|'") ? values() : [];
  if (lexer.peekToken("'||'")) throw lexer.error("order-only inputs not supported");
  lexer.expectToken("newline");

  let restat = false;
  if (lexer.peekToken("indent")) {
    if (lexer.readName() !== "restat") throw lexer.error("binding is not 'restat'");
    lexer.expectToken("'='");
    restat = evaluate(lexer.readValue(), scope) !== "";
  }
  return { output, implicitOutputs: outputs.map(path), implicitInputs: inputs.map(path), restat };
}
