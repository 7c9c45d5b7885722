// Where this package is installed: the folder that holds cmake/, runtime/ and dist/.

import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Absolute path of the package's folder. Throws if this file was taken out of the package: that is a bug. */
export function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  for (;;) {
    const manifest = join(folder, "package.json");
    if (existsSync(manifest) && JSON.parse(readFileSync(manifest, "utf8")).name === "hotreload") return folder;
    const parent = dirname(folder);
    if (parent === folder) throw new Error(`no package.json of hotreload above ${fileURLToPath(import.meta.url)}`);
    folder = parent;
  }
}

/** The folder of HotReload.cmake: what `hotreload cmake-dir` prints. */
export function cmakeFolder(): string {
  return join(packageRoot(), "cmake");
}

/** The version in package.json. */
export function packageVersion(): string {
  return String(JSON.parse(readFileSync(join(packageRoot(), "package.json"), "utf8")).version);
}
