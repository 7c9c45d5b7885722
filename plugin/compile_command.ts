// How an object is compiled, as compile_commands.json says, and the two halves of it: preprocessing, and all the rest.
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { failure, type Result, success } from "./errors.js";

export interface CompileCommand {
  /** Absolute. */
  readonly directory: string;
  /** Compiler, options, and the source file. */
  readonly words: readonly string[];
  /** Which of the words is the source file. */
  readonly source: number;
}

interface Entry {
  readonly directory: string;
  readonly command: string;
  readonly file: string;
}

/** Absolute. */
export function sourceOf({ directory, words, source }: CompileCommand): string {
  return resolve(directory, words[source] ?? "");
}

/** Options that name what is written, with the word behind them. */
const OUTPUT = new Set(["-o", "-MT", "-MQ", "-MF"]);
/** Options that say what else is written or that only compiling is wanted. */
const STEPS = new Set(["-c", "-MD", "-MMD", "-MP"]);

/** A command line as the shell takes it apart: blanks, quotes and backslashes (POSIX 2.2). */
export function splitCommand(line: string): string[] {
  const words: string[] = [];
  for (const [word] of line.matchAll(/(?:[^\s"'\\]|\\[\s\S]|"(?:[^"\\]|\\[\s\S])*"|'[^']*')+/g)) {
    words.push(
      word.replace(
        /\\([\s\S])|"((?:[^"\\]|\\[\s\S])*)"|'([^']*)'/g,
        (_, escaped?: string, double?: string, single?: string) =>
          escaped ?? double?.replace(/\\([$`"\\])/g, "$1") ?? single ?? "",
      ),
    );
  }
  return words;
}

/** @param object absolute path. Errors: E_TOOL if there is no command for it. */
export async function readCompileCommand(buildDir: string, object: string): Promise<Result<CompileCommand>> {
  const unknown = failure("E_TOOL", "compile_commands.json does not say how it is compiled", { file: object });
  let entries: readonly Entry[];
  try {
    entries = JSON.parse(await readFile(join(buildDir, "compile_commands.json"), "utf8"));
  } catch {
    return unknown;
  }
  for (const { directory, command, file } of entries) {
    const words = splitCommand(command);
    const output = words[words.indexOf("-o") + 1];
    if (output === undefined || resolve(directory, output) !== object) continue;
    const kept = words.filter((word, i) => !STEPS.has(word) && !OUTPUT.has(word) && !OUTPUT.has(words[i - 1] ?? ""));
    const source = kept.findIndex((word) => resolve(directory, word) === resolve(directory, file));
    return source > 0 ? success({ directory, words: kept, source }) : unknown;
  }
  return unknown;
}

/** The words without these options and the word behind each; clang is given some through -Xclang, word by word. */
function without(words: readonly string[], options: readonly string[]): string[] {
  const kept: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const through = words[i] === "-Xclang";
    if (options.includes(words[through ? i + 1 : i] ?? "")) i += through ? 3 : 1;
    else kept.push(words[i] ?? "");
  }
  return kept;
}

/**
 * The arguments (compiler first) that write the preprocessed text of the source to `output`. Of a precompiled header clang
 * would write nothing: what it was made of is included as well, and is written.
 */
export function preprocessing(command: CompileCommand, output: string): string[] {
  return [...without(command.words, ["-include-pch"]), "-E", "-o", output];
}

/** The arguments that compile `input`, a preprocessed text, to `output`. It is ours: nobody is warned of it. */
export function compiling(command: CompileCommand, input: string, output: string): string[] {
  const words = command.words.map((word, i) => (i === command.source ? input : word));
  return [...without(words, ["-include", "-include-pch"]), "-w", "-c", "-o", output];
}

/** The last of the options that turn something on (`-fX`) or off (`-fno-X`) counts. */
export function isTurnedOff(command: CompileCommand, feature: string): boolean {
  const last = command.words.findLast((word) => word === `-f${feature}` || word === `-fno-${feature}`);
  return last === `-fno-${feature}`;
}
