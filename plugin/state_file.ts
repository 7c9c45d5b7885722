// A JSON file of the dev server's own state: written whole by rename, never seen half-written.
import { readFile, rename, writeFile } from "node:fs/promises";

/** The file's value, or `fallback` if it does not exist or is not what was written: state is a cache of the truth. */
export async function readState<T>(path: string, fallback: T, isValid: (value: unknown) => value is T): Promise<T> {
  try {
    const value: unknown = JSON.parse(await readFile(path, "utf8"));
    return isValid(value) ? value : fallback;
  } catch {
    return fallback;
  }
}

export async function writeState(path: string, value: unknown): Promise<void> {
  const temporary = `${path}.${process.pid}`;
  await writeFile(temporary, JSON.stringify(value), { mode: 0o600 });
  await rename(temporary, path);
}
