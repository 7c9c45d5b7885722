// Reads statements and builds the manifest: the grammar of ninja's manifest_parser.cc (1.12), with its checks.
import { resolve } from "node:path";
import { canonicalPath } from "./canonical_path.js";
import { Edge, type EdgeFiles } from "./edge.js";
import { type EvalString, Lexer } from "./lexer.js";
import { matchPlainStatement } from "./plain_statement.js";
import {
  type Bindings,
  EdgeScope,
  type Environment,
  evaluate,
  phony,
  ruleBindings,
  Scope,
  TextScope,
} from "./scope.js";
import { type NinjaSyntaxError, Source } from "./source.js";

/** What all files of one manifest share. */
export class ManifestState {
  readonly scope = new Scope();
  readonly edges: Edge[] = [];
  readonly pools = new Map<string, number>([["console", 1]]);
  readonly defaults: string[] = [];
  readonly files: string[] = [];
  /** Path of an output -> the edge that makes it. */
  readonly producers = new Map<string, Edge>();
  readonly directory: string;
  readonly readFile: (path: string) => string;
  /** The files that are being read now, the outermost first. */
  readonly open: string[] = [];

  constructor(directory: string, readFile: (path: string) => string) {
    this.directory = directory;
    this.readFile = readFile;
    this.scope.rules.set(phony.name, phony);
  }
}

/** @param file absolute; @param scope where its variables and rules go */
export function parseFile(state: ManifestState, file: string, text: string, scope: Scope): void {
  state.files.push(file);
  state.open.push(file);
  new FileParser(state, new Source(file, text), scope).parse();
  state.open.pop();
}

class FileParser {
  private readonly lexer: Lexer;

  constructor(
    private readonly state: ManifestState,
    private readonly source: Source,
    private readonly scope: Scope,
  ) {
    this.lexer = new Lexer(source);
  }

  parse(): void {
    for (;;) {
      const token = this.lexer.readToken();
      switch (token) {
        case "'build'":
          this.parseEdge();
          break;
        case "'rule'":
          this.parseRule();
          break;
        case "'pool'":
          this.parsePool();
          break;
        case "'default'":
          this.parseDefault();
          break;
        case "'include'":
          this.parseInclude(this.scope);
          break;
        case "'subninja'":
          this.parseInclude(new Scope(this.scope));
          break;
        case "identifier": {
          this.lexer.unreadToken();
          const [name, value] = this.parseLet();
          this.scope.variables.set(name, evaluate(value, this.scope));
          break;
        }
        case "newline":
          break;
        case "eof":
          return;
        case "lexing error":
          throw this.lexer.describeLexingError();
        default:
          throw this.lexer.error(`unexpected ${token}`);
      }
    }
  }

  private parseLet(): [name: string, value: EvalString] {
    const name = this.lexer.readName();
    if (name === undefined) throw this.lexer.error("expected variable name");
    this.lexer.expectToken("'='");
    return [name, this.lexer.readValue()];
  }

  private parsePool(): void {
    const { lexer, state } = this;
    const name = lexer.readName();
    if (name === undefined) throw lexer.error("expected pool name");
    lexer.expectToken("newline");
    if (state.pools.has(name)) throw lexer.error(`duplicate pool '${name}'`);
    let depth: number | undefined;
    while (lexer.peekToken("indent")) {
      const [key, value] = this.parseLet();
      if (key !== "depth") throw lexer.error(`unexpected variable '${key}'`);
      const text = evaluate(value, this.scope);
      if (!/^\d+$/.test(text)) throw lexer.error("invalid pool depth");
      depth = Number(text);
    }
    if (depth === undefined) throw lexer.error("expected 'depth =' line");
    state.pools.set(name, depth);
  }

  private parseRule(): void {
    const { lexer, scope } = this;
    const name = lexer.readName();
    if (name === undefined) throw lexer.error("expected rule name");
    lexer.expectToken("newline");
    if (scope.rules.has(name)) throw lexer.error(`duplicate rule '${name}'`);
    const bindings = new Map<string, EvalString>();
    while (lexer.peekToken("indent")) {
      const [key, value] = this.parseLet();
      if (!ruleBindings.has(key)) throw lexer.error(`unexpected variable '${key}'`);
      bindings.set(key, value);
    }
    const has = (key: string) => (bindings.get(key) ?? "") !== "";
    if (has("rspfile") !== has("rspfile_content")) {
      throw lexer.error("rspfile and rspfile_content need to be both specified");
    }
    if (!has("command")) throw lexer.error("expected 'command =' line");
    scope.rules.set(name, { name, bindings });
  }

  private parseDefault(): void {
    const { lexer, state } = this;
    let target = lexer.readPath();
    if (target === "") throw lexer.error("expected target name");
    do {
      const text = evaluate(target, this.scope);
      if (text === "") throw lexer.error("empty path");
      const path = canonicalPath(text);
      if (!isNamed(path, state)) throw lexer.error(`unknown target '${path}'`);
      state.defaults.push(path);
      target = lexer.readPath();
    } while (target !== "");
    lexer.expectToken("newline");
  }

  /** Paths are relative to the directory of the outermost file, ninja's working directory. */
  private parseInclude(scope: Scope): void {
    const { lexer, state } = this;
    const path = evaluate(lexer.readPath(), this.scope);
    const file = resolve(state.directory, path);
    if (state.open.includes(file)) throw lexer.error(`loading '${path}': the file includes itself`);
    parseFile(state, file, this.load(file, path), scope);
    lexer.expectToken("newline");
  }

  private load(file: string, path: string): string {
    try {
      return this.state.readFile(file);
    } catch (error) {
      throw this.lexer.error(`loading '${path}': ${reasonOf(error)}`);
    }
  }

  private parseEdge(): void {
    const { lexer, scope, source } = this;
    const offset = lexer.lastToken;
    const plain = matchPlainStatement(source.text, offset);
    const rule = plain && scope.lookupRule(plain.rule);
    if (!plain || !rule) {
      this.parseStatement(offset);
      return;
    }
    const { bindingsStart, end } = plain;
    lexer.continueAt(end);
    const bindings = bindingsStart < end ? new TextScope(scope, source.text, bindingsStart, end) : scope;
    this.addEdge(new Edge(rule, bindings, source, offset), plain, asTheyAre);
  }

  private parseStatement(offset: number): void {
    const { lexer } = this;
    const outputs = this.readPaths();
    const implicitOutputs = lexer.peekToken("'|'") ? this.readPaths() : none;
    if (outputs.length + implicitOutputs.length === 0) throw lexer.error("expected path");
    lexer.expectToken("':'");
    const ruleName = lexer.readName();
    if (ruleName === undefined) throw lexer.error("expected build command name");
    const rule = this.scope.lookupRule(ruleName);
    if (!rule) throw lexer.error(`unknown build rule '${ruleName}'`);
    const inputs = this.readPaths();
    const implicitInputs = lexer.peekToken("'|'") ? this.readPaths() : none;
    const orderOnlyInputs = lexer.peekToken("'||'") ? this.readPaths() : none;
    const validations = lexer.peekToken("'|@'") ? this.readPaths() : none;
    lexer.expectToken("newline");
    const bindings = this.parseEdgeBindings();
    const files = { outputs, implicitOutputs, inputs, implicitInputs, orderOnlyInputs, validations };
    const edge = new Edge(rule, bindings, this.source, offset);
    this.addEdge(edge, files, (values) => values.map((value) => this.path(value, bindings)));
  }

  /** The lexer stands behind the statement. @param evaluate makes canonical paths, in the order in which ninja does */
  private addEdge<Path>(
    edge: Edge,
    files: FilesOf<Path>,
    evaluate: (values: readonly Path[]) => readonly string[],
  ): void {
    const { state } = this;
    const pool = edge.get("pool");
    if (pool !== "" && !state.pools.has(pool)) throw this.errorBehindStatement(`unknown pool name '${pool}'`);
    edge.outputs = this.addOutputs(edge, evaluate(files.outputs));
    edge.implicitOutputs = this.addOutputs(edge, evaluate(files.implicitOutputs));
    edge.inputs = evaluate(files.inputs);
    edge.implicitInputs = evaluate(files.implicitInputs);
    edge.orderOnlyInputs = evaluate(files.orderOnlyInputs);
    edge.validations = evaluate(files.validations);
    if (edge.isPhony) dropSelfReference(edge);
    const dyndep = canonicalPath(edge.get("dyndep"));
    if (dyndep !== "" && !isInput(edge, dyndep)) throw this.errorBehindStatement(`dyndep '${dyndep}' is not an input`);
    state.edges.push(edge);
  }

  /** Ninja finds what is wrong with a whole statement when it has looked at the line that follows. */
  private errorBehindStatement(message: string): NinjaSyntaxError {
    this.lexer.peekToken("indent");
    return this.lexer.error(message);
  }

  /** The values are evaluated in the file's scope; they do not see each other. */
  private parseEdgeBindings(): Bindings {
    if (!this.lexer.peekToken("indent")) return this.scope;
    const scope = new EdgeScope(this.scope);
    do {
      const [name, value] = this.parseLet();
      scope.set(name, evaluate(value, this.scope));
    } while (this.lexer.peekToken("indent"));
    return scope;
  }

  private readPaths(): EvalString[] {
    const paths: EvalString[] = [];
    for (let path = this.lexer.readPath(); path !== ""; path = this.lexer.readPath()) paths.push(path);
    return paths;
  }

  private addOutputs(edge: Edge, paths: readonly string[]): readonly string[] {
    const { producers } = this.state;
    for (const path of paths) {
      const { size } = producers;
      producers.set(path, edge);
      if (producers.size === size) throw this.errorBehindStatement(`multiple rules generate ${path}`);
    }
    return paths;
  }

  private path(value: EvalString, scope: Environment): string {
    const path = evaluate(value, scope);
    if (path === "") throw this.errorBehindStatement("empty path");
    return canonicalPath(path);
  }
}

type FilesOf<Path> = { readonly [list in keyof EdgeFiles]: readonly Path[] };

function asTheyAre(paths: readonly string[]): readonly string[] {
  return paths;
}

const none: readonly string[] = Object.freeze([]);

/** Default targets are nearly always outputs; only for others it is worth looking at all edges. */
function isNamed(path: string, { producers, edges }: ManifestState): boolean {
  return producers.has(path) || edges.some((edge) => isInput(edge, path) || edge.validations.includes(path));
}

/** CMake 2.8.12 and 3.0 wrote phony edges that name themselves; ninja drops the input and goes on. */
function dropSelfReference(edge: Edge): void {
  const [output] = edge.outputs;
  if (edge.outputs.length !== 1 || edge.implicitOutputs.length > 0 || edge.implicitInputs.length > 0) return;
  if (output === undefined) return;
  if (edge.inputs.includes(output)) edge.inputs = edge.inputs.filter((path) => path !== output);
  if (edge.orderOnlyInputs.includes(output)) {
    edge.orderOnlyInputs = edge.orderOnlyInputs.filter((path) => path !== output);
  }
}

function isInput(edge: Edge, path: string): boolean {
  return edge.inputs.includes(path) || edge.implicitInputs.includes(path) || edge.orderOnlyInputs.includes(path);
}

/** Why a file cannot be read, in the words of what read it. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
