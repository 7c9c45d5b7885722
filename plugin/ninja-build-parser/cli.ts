#!/usr/bin/env node
// The command line: prints a manifest as one JSON object.
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { manifestToJson, NinjaSyntaxError, parseNinja } from "./index.js";

const usage = `usage: ninja-build-parser [--help] [--version] [file]

Prints build.ninja, or the file, with all that it includes, as one JSON object:
  files, variables, pools, defaults, edges (rule, file, line, outputs, implicitOutputs, inputs, implicitInputs,
  orderOnlyInputs, validations, bindings).

Exit code: 0; 1 if ninja would not accept the manifest (standard error says where and why); 2 for wrong usage.
`;

function version(): string {
  return JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")).version;
}

/** @returns the exit code */
function main(words: readonly string[]): number {
  const options = { help: { type: "boolean", short: "h" }, version: { type: "boolean", short: "v" } } as const;
  let parsed: ReturnType<typeof parseArgs<{ options: typeof options; allowPositionals: true }>>;
  try {
    parsed = parseArgs({ args: [...words], options, allowPositionals: true });
  } catch (error) {
    return fail(2, `${(error as Error).message}\n\n${usage}`);
  }
  const { values, positionals } = parsed;
  if (values.help) return print(usage);
  if (values.version) return print(`${version()}\n`);
  const [file = "build.ninja", ...others] = positionals;
  if (others.length > 0) return fail(2, `one file, please\n\n${usage}`);
  try {
    return print(`${JSON.stringify(manifestToJson(parseNinja(file)), undefined, 2)}\n`);
  } catch (error) {
    if (error instanceof NinjaSyntaxError) return fail(1, `${error}\n`);
    throw error;
  }
}

function print(text: string): number {
  process.stdout.write(text);
  return 0;
}

function fail(code: number, text: string): number {
  process.stderr.write(text);
  return code;
}

process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error; // the reader has seen enough: `| head`
});
process.exitCode = main(process.argv.slice(2));
