// Which patches processes have loaded, as the kernel says: a forked child has those of its parent, and may outlive it.

import { readdirSync, readFileSync } from "node:fs";

/** Names of the folders in `directory` of which some process has a file mapped. Processes of other users are not seen. */
export function mappedFolders(directory: string): Set<string> {
  const folders = new Set<string>();
  for (const pid of readdirSync("/proc")) {
    if (/^\d+$/.test(pid)) for (const folder of foldersIn(mapsOf(pid), `${directory}/`)) folders.add(folder);
  }
  return folders;
}

function mapsOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/maps`, "utf8");
  } catch {
    return ""; // it ended, or is another user's
  }
}

function* foldersIn(maps: string, prefix: string): Iterable<string> {
  for (let at = maps.indexOf(prefix); at >= 0; at = maps.indexOf(prefix, at + 1)) {
    const start = at + prefix.length;
    const folder = maps.slice(start, maps.indexOf("/", start));
    if (!folder.includes("\n")) yield folder; // not a file in `directory` itself
  }
}
