// Compiles a file once more, with functions that construct its new variables, for nothing else in it may be initialized
// again. See elf/core/constructions.h for what becomes of them.
import { execFile } from "node:child_process";
import { statSync } from "node:fs";
import { readFile, rm, writeFile } from "node:fs/promises";
import { promisify } from "node:util";
import { type CompileCommand, compiling, isTurnedOff, preprocessing } from "./compile_command.js";
import { type ObjectDiff, places } from "./elf/index.js";
import { failure, type Result, success } from "./errors.js";
import { placeOf } from "./places.js";
import { addConstructions, filesOf } from "./preprocessed.js";

const run = promisify(execFile);

/** True if the change brings something that has to be initialized. */
export const needsConstructions = ({ initialized, startFunctions }: ObjectDiff): boolean =>
  initialized.length > 0 || startFunctions.length > 0;

/**
 * Writes the object to `<base>.o`. Errors: E_INITIALIZER, with what the compiler said.
 * @param after the object as it was built, which the new one has to be the same as
 * @param base path without an extension, in a directory of ours
 */
export async function compileConstructions(
  after: string,
  diff: ObjectDiff,
  command: CompileCommand,
  base: string,
): Promise<Result<string>> {
  const declared = await places(after);
  if (!declared.ok) return declared;
  const known = [declared.value];
  for (const name of diff.startFunctions) {
    if (placeOf(name, known)?.parameters !== false) {
      return failure("E_INITIALIZER", `${name} is a new constructor function that has parameters`);
    }
  }
  const wanted = diff.initialized.flatMap((key) => placeOf(key, known) ?? []);
  const { directory } = command;
  const isC = /\.c$/.test(command.words[command.source] ?? "");
  const texts = [`${base}.expanded.ii`, `${base}${isC ? ".i" : ".ii"}`] as const;
  try {
    await start(preprocessing(command, texts[0]), directory);
    const text = await readFile(texts[0], "utf8");
    const built = statSync(after, { bigint: true }).mtimeNs;
    const later = filesOf(text, directory).find((file) => {
      const status = statSync(file, { bigint: true, throwIfNoEntry: false });
      return status?.isFile() && status.mtimeNs > built; // the directory of the compilation is among them
    });
    if (later !== undefined) return failure("E_INITIALIZER", "was saved again meanwhile", { file: later });
    const catches = !isC && !isTurnedOff(command, "exceptions");
    await writeFile(texts[1], addConstructions(text, wanted, { directory, catches }));
    await start(compiling(command, texts[1], `${base}.o`), directory);
    return success(`${base}.o`);
  } catch (error) {
    const { stderr, message } = error as { stderr?: string; message: string };
    return failure("E_INITIALIZER", "new variables could not be compiled by themselves", { detail: stderr || message });
  } finally {
    for (const text of texts) await rm(text, { force: true });
  }
}

async function start([compiler = "", ...words]: readonly string[], directory: string): Promise<void> {
  await run(compiler, words, { cwd: directory, maxBuffer: 16 * 1024 * 1024 });
}
