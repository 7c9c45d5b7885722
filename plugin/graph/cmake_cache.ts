// The entries of CMakeCache.txt.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Name -> value; empty if there is no cache. */
export function readCache(buildDir: string): Map<string, string> {
  const entries = new Map<string, string>();
  const path = join(buildDir, "CMakeCache.txt");
  if (!existsSync(path)) return entries;
  for (const line of readFileSync(path, "utf8").split("\n")) {
    const match = /^([A-Za-z_][^:=]*):[A-Z]+=(.*)$/.exec(line);
    if (match) entries.set(match[1] as string, match[2] as string);
  }
  return entries;
}
