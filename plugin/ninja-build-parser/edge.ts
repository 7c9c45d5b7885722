// One build statement: its files, and its bindings, evaluated when they are asked for.
import { type Bindings, type Environment, evaluate, phony, type Rule } from "./scope.js";
import { NinjaSyntaxError, type Source } from "./source.js";

/** The files of an edge, canonical, in the order of the statement. */
export interface EdgeFiles {
  readonly outputs: readonly string[];
  readonly implicitOutputs: readonly string[];
  /** $in. */
  readonly inputs: readonly string[];
  readonly implicitInputs: readonly string[];
  readonly orderOnlyInputs: readonly string[];
  readonly validations: readonly string[];
}

export class Edge implements EdgeFiles {
  /** Name of the rule; "phony" for an edge that runs nothing. */
  readonly rule: string;
  outputs: readonly string[] = none;
  implicitOutputs: readonly string[] = none;
  inputs: readonly string[] = none;
  implicitInputs: readonly string[] = none;
  orderOnlyInputs: readonly string[] = none;
  validations: readonly string[] = none;
  private readonly definition: Rule;
  private readonly scope: Bindings;
  private readonly source: Source;
  private readonly offset: number;

  /** @param scope the edge's own where it has bindings, else its file's, as in ninja */
  constructor(definition: Rule, scope: Bindings, source: Source, offset: number) {
    this.rule = definition.name;
    this.definition = definition;
    this.scope = scope;
    this.source = source;
    this.offset = offset;
  }

  get isPhony(): boolean {
    return this.definition === phony;
  }

  get file(): string {
    return this.source.file;
  }

  /** 1-based line of the `build` statement. */
  get line(): number {
    return this.source.lineAt(this.offset);
  }

  /**
   * A binding as ninja would use it: `command`, `description`, `depfile`, `deps`, `rspfile`, `restat`, ... or a variable
   * of the edge; "" if it is not set. $in and $out are quoted for the shell where needed, except in paths of files
   * (`depfile`, `dyndep`, `rspfile`). Throws NinjaSyntaxError if the rule's bindings refer to each other in a circle.
   */
  get(name: string): string {
    if (!lists.has(name)) {
      const { scope, definition } = this;
      const found = scope.own(name) ?? definition.bindings.get(name) ?? scope.parent?.lookup(name) ?? "";
      if (typeof found === "string") return found;
    }
    return new Evaluation(
      this,
      this.definition,
      this.scope,
      !unquoted.has(name),
      (circle) => new NinjaSyntaxError(`cycle in rule variables: ${circle}`, this.source.placeAt(this.offset)),
    ).lookup(name);
  }
}

/** Variables that every edge has: its files. */
const lists: ReadonlySet<string> = new Set(["in", "in_newline", "out"]);
const none: readonly string[] = Object.freeze([]);
const unquoted: ReadonlySet<string> = new Set(["depfile", "dyndep", "rspfile"]);

/** Looks a name up first in the edge's scope, then in its rule, then in the scopes around. */
class Evaluation implements Environment {
  private readonly open: string[] = [];

  constructor(
    private readonly files: EdgeFiles,
    private readonly rule: Rule,
    private readonly scope: Bindings,
    private readonly quote: boolean,
    private readonly cycle: (circle: string) => NinjaSyntaxError,
  ) {}

  lookup(name: string): string {
    if (name === "in") return this.list(this.files.inputs, " ");
    if (name === "in_newline") return this.list(this.files.inputs, "\n");
    if (name === "out") return this.list(this.files.outputs, " ");
    const own = this.scope.own(name);
    if (own !== undefined) return own;
    const binding = this.rule.bindings.get(name);
    if (binding === undefined) return this.scope.parent?.lookup(name) ?? "";
    const first = this.open.indexOf(name);
    if (first >= 0) throw this.cycle([...this.open.slice(first), name].join(" -> "));
    this.open.push(name);
    const text = evaluate(binding, this);
    this.open.pop();
    return text;
  }

  private list(paths: readonly string[], separator: string): string {
    return (this.quote ? paths.map(quoteForShell) : paths).join(separator);
  }
}

/** As ninja's GetShellEscapedString. */
function quoteForShell(path: string): string {
  return /^[A-Za-z0-9_+\-./]*$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
