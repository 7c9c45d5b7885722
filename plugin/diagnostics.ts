// The compilers' and linkers' diagnostics as values, out of the text that they wrote, which stays as it is beside them.
//
// Known are the English texts of gcc, clang, gas, ld.bfd, gold, lld and mold. What is in no known form is in no value.

import { resolve } from "node:path";

export interface Diagnostic {
  /** Absolute; a source file, or the object that the linker names where it knows no source. */
  readonly file: string;
  /** From 1; undefined where the tool names none. */
  readonly line?: number;
  /** From 1, in bytes as gcc and clang count them. */
  readonly column?: number;
  readonly severity: "error" | "warning" | "note";
  readonly message: string;
}

const SEVERITIES: Readonly<Record<string, Diagnostic["severity"]>> = {
  "fatal error": "error",
  error: "error",
  Error: "error",
  warning: "warning",
  Warning: "warning",
  note: "note",
};

/** gcc, clang, gas: `a.c:3:7: error: ...`; the file may have colons in its name. */
const COMPILER =
  /^(?<file>\S.*?):(?<line>\d+):(?:(?<column>\d+):)? (?<severity>fatal error|[Ee]rror|[Ww]arning|note): (?<message>.+)$/;
/** ld.bfd and gold, after "in function": `/usr/bin/ld: a.c:3: undefined reference to ...`, or without the name of ld. */
const LINKER =
  /^(?:\S*\bld(?:\.\w+)?: )?(?<file>\S[^:]*):(?<line>\d+): (?<message>(?:undefined|multiple|first|warning|error|relocation|hidden|dangerous|more).+)$/;
/** Without debug information: `a.c.o:(.text+0x5): undefined reference to ...`. */
const LINKED_OBJECT = /^(?:\S*\bld(?:\.\w+)?: )?(?<file>[^:\s][^:]*):\(\.[^)]*\): (?<message>.+)$/;
/** gold: `ld.gold: error: a.o: multiple definition of ...`; mold: `mold: error: duplicate symbol: a.o: b.o: f`. */
const OBJECT =
  /^\S*\b(?:ld\.gold|mold): (?<severity>error|warning): (?<kind>duplicate symbol: )?(?<file>[^:]+\.(?:o|a|so)): (?<message>.+)$/;
/** lld and mold: `ld.lld: error: undefined symbol: f`, and the places in lines of their own below. */
const SYMBOL = /^(?:\S*\b(?:ld\.lld|lld|mold)): (?<severity>fatal|error|warning): (?<message>.+)$/;
const PLACE =
  /^>>> (?:referenced by|defined at|defined in) (?<file>.+?)(?::(?<line>\d+))?(?: \((?<full>.+?)(?::\d+)?\))?(?::\(.*\))?$/;

/** @param directory the compilers' working directory, that of the build */
export function parseDiagnostics(output: string, directory: string): Diagnostic[] {
  const found: Diagnostic[] = [];
  let symbol: { severity: Diagnostic["severity"]; message: string } | undefined;
  for (const line of withoutEscapes(output).split("\n")) {
    const place = symbol === undefined ? undefined : PLACE.exec(line)?.groups;
    if (symbol !== undefined && place !== undefined) {
      found.push(diagnostic(directory, { ...place, file: place.full ?? place.file }, symbol.severity, symbol.message));
      symbol = undefined; // the first place is enough
      continue;
    }
    const object = OBJECT.exec(line)?.groups;
    if (object !== undefined) {
      const severity = SEVERITIES[object.severity ?? ""] ?? "error";
      found.push(diagnostic(directory, object, severity, `${object.kind ?? ""}${object.message}`));
      continue;
    }
    const named = SYMBOL.exec(line)?.groups;
    if (named !== undefined) {
      symbol = { severity: named.severity === "warning" ? "warning" : "error", message: named.message ?? "" };
      continue;
    }
    const compiler = COMPILER.exec(line)?.groups;
    if (compiler !== undefined) {
      const severity = SEVERITIES[compiler.severity ?? ""] ?? "error";
      found.push(diagnostic(directory, compiler, severity, compiler.message ?? ""));
      continue;
    }
    const linker = (LINKER.exec(line) ?? LINKED_OBJECT.exec(line))?.groups;
    if (linker?.message === undefined) continue;
    const [, word, rest] = /^(warning|error): (.+)$/.exec(linker.message) ?? [];
    found.push(diagnostic(directory, linker, word === "warning" ? "warning" : "error", rest ?? linker.message));
  }
  return found;
}

function diagnostic(
  directory: string,
  place: { readonly [name: string]: string | undefined },
  severity: Diagnostic["severity"],
  message: string,
): Diagnostic {
  return {
    file: resolve(directory, place.file ?? ""),
    ...(place.line === undefined ? {} : { line: Number(place.line) }),
    ...(place.column === undefined ? {} : { column: Number(place.column) }),
    severity,
    message,
  };
}

/** Colours (SGR, erase) and links (OSC 8), which compilers write when they are told to. */
function withoutEscapes(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones to be found
  return text.replace(/\x1b\[[\d;]*[mK]|\x1b\]8;[^\x07\x1b]*(?:\x07|\x1b\\)/g, "").replaceAll("\r", "");
}
