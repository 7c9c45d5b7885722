// Variables and rules with the scopes of ninja, and what text with references comes to in them.
import type { EvalString } from "./lexer.js";

/** Names of the bindings that a rule may have; everything else is an error in a rule. */
export const ruleBindings: ReadonlySet<string> = new Set([
  "command",
  "depfile",
  "deps",
  "description",
  "dyndep",
  "generator",
  "msvc_deps_prefix",
  "pool",
  "restat",
  "rspfile",
  "rspfile_content",
]);

export interface Rule {
  readonly name: string;
  /** As written: a rule is evaluated anew for each edge that uses it. */
  readonly bindings: ReadonlyMap<string, EvalString>;
}

/** The rule that every scope knows. */
export const phony: Rule = { name: "phony", bindings: new Map() };

/** Anything that knows variables: a scope, or an edge with its $in and $out. */
export interface Environment {
  lookup(name: string): string;
}

/** What an edge sees around it. */
export interface Bindings extends Environment {
  /** Set in this very scope. */
  own(name: string): string | undefined;
  readonly parent: Scope | undefined;
}

/** The variables and rules of a file; a subninja file has its own, within that of the file that names it. */
export class Scope implements Bindings {
  readonly variables = new Map<string, string>();
  readonly rules = new Map<string, Rule>();
  readonly parent: Scope | undefined;

  constructor(parent?: Scope) {
    this.parent = parent;
  }

  own(name: string): string | undefined {
    return this.variables.get(name);
  }

  /** "" for a variable that is nowhere set, as in ninja. */
  lookup(name: string): string {
    for (let scope: Scope | undefined = this; scope; scope = scope.parent) {
      const value = scope.variables.get(name);
      if (value !== undefined) return value;
    }
    return "";
  }

  lookupRule(name: string): Rule | undefined {
    for (let scope: Scope | undefined = this; scope; scope = scope.parent) {
      const rule = scope.rules.get(name);
      if (rule) return rule;
    }
    return undefined;
  }
}

/** The few variables of an edge. A list: with thousands of edges, maps would cost more to collect than to search. */
export class EdgeScope implements Bindings {
  readonly parent: Scope;
  /** Name, value, name, value, ... */
  private readonly bindings: string[] = [];

  constructor(parent: Scope) {
    this.parent = parent;
  }

  set(name: string, value: string): void {
    this.bindings.push(name, value);
  }

  /** The last of a name counts. */
  own(name: string): string | undefined {
    for (let at = this.bindings.length - 2; at >= 0; at -= 2)
      if (this.bindings[at] === name) return this.bindings[at + 1];
    return undefined;
  }

  lookup(name: string): string {
    return this.own(name) ?? this.parent.lookup(name);
  }
}

/**
 * The variables of an edge as they stand in the file: lines with a name in capitals and a value that is to be taken
 * literally. To put those of thousands of edges into lists would take as long as all the rest of the parsing.
 */
export class TextScope implements Bindings {
  /** @param from offset of the first line @param to offset behind the LF of the last */
  constructor(
    readonly parent: Scope,
    private readonly text: string,
    private readonly from: number,
    private readonly to: number,
  ) {}

  /** The last of a name counts. */
  own(name: string): string | undefined {
    if (name.charCodeAt(0) > lastCapital) return undefined;
    const { text } = this;
    let found: string | undefined;
    for (let at = this.from; at < this.to; ) {
      const end = text.indexOf("\n", at);
      at = skipSpaces(text, at);
      if (text.startsWith(name, at)) {
        const sign = skipSpaces(text, at + name.length);
        if (text[sign] === "=") found = text.slice(skipSpaces(text, sign + 1), end);
      }
      at = end + 1;
    }
    return found;
  }

  lookup(name: string): string {
    return this.own(name) ?? this.parent.lookup(name);
  }
}

const lastCapital = 90; // "Z"

function skipSpaces(text: string, from: number): number {
  let at = from;
  while (text[at] === " ") at++;
  return at;
}

export function evaluate(value: EvalString, environment: Environment): string {
  if (typeof value === "string") return value;
  let text = "";
  for (const piece of value) text += typeof piece === "string" ? piece : environment.lookup(piece.variable);
  return text;
}
