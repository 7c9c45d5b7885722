// Reads the makefiles that CMake writes for its Unix Makefiles generator: rules, with their recipes as text.
//
// It is no parser of make: CMake writes one dependency a line, recipes behind a tab, and escapes of its own (cmake's
// cmLocalUnixMakefileGenerator3, WriteMakeRule): `\ ` and `\#` are the character, `$$` is `$`, `$(EQUALS)` is `=`.
import { readFileSync } from "node:fs";

export interface MakeRule {
  readonly target: string;
  /** In the order of the file. */
  readonly dependencies: readonly string[];
  /** Its lines, joined; "" if there is none. */
  readonly recipe: string;
}

/** The rules of a file, those of one target as one, without patterns and special targets; phony targets are left out. */
export function readMakeRules(file: string): MakeRule[] {
  const found = new Map<string, { dependencies: string[]; recipe: string[] }>();
  const phony = new Set<string>();
  let current: { dependencies: string[]; recipe: string[] } | undefined;
  for (const line of readFileSync(file, "utf8").split("\n")) {
    if (line.startsWith("\t")) {
      current?.recipe.push(line.slice(1));
      continue;
    }
    current = undefined;
    const match = /^((?:\\.|\$\([A-Z]+\)|[^\s\\:=#])+) ?:(?![=:]) ?(.*)$/.exec(line);
    if (!match || match[1] === "%") continue;
    const target = unescaped(match[1] as string);
    const dependency = unescaped(match[2] as string);
    if (target === ".PHONY") phony.add(dependency);
    if (target.startsWith(".")) continue;
    current = found.get(target) ?? { dependencies: [], recipe: [] };
    if (dependency !== "") current.dependencies.push(dependency);
    found.set(target, current);
  }
  return [...found].flatMap(([target, { dependencies, recipe }]) =>
    phony.has(target) ? [] : [{ target, dependencies, recipe: recipe.join("\n") }],
  );
}

/** Of phony targets, which one depends on which: `all` of a target on `all` of those that are built before it. */
export function readMakeOrder(file: string): Map<string, string[]> {
  const order = new Map<string, string[]>();
  for (const line of readFileSync(file, "utf8").split("\n")) {
    const match = /^((?:\\.|[^\s\\:=#])+)\/all: ((?:\\.|[^\s\\])+)\/all$/.exec(line);
    if (!match) continue;
    const target = unescaped(match[1] as string);
    const list = order.get(target);
    if (list) list.push(unescaped(match[2] as string));
    else order.set(target, [unescaped(match[2] as string)]);
  }
  return order;
}

function unescaped(text: string): string {
  return text.replace(/\\([ #\\:])|\$\$|\$\(EQUALS\)/g, (written, character: string | undefined) => {
    return character ?? (written === "$$" ? "$" : "=");
  });
}
