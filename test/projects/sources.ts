// Real projects, whose sources are brought by npm packages: the files of each, with a program that uses them, to be written
// into a fresh directory and edited there. The programs print ticks (test/e2e/programs/ticker).

import path from "node:path";
import { type Files, readTree, repository } from "../e2e/workspace.js";

/**
 * RE2 and Abseil: `re2/`, `abseil-cpp/`, and the program `search`. 180 objects, 465 with -DWITH_TESTS=ON. The program
 * consists of 149, whose compile at -O0 takes three minutes of one processor.
 */
export function re2Project(): Files {
  const vendor = readTree(path.join(repository, "node_modules/re2/vendor"));
  const sources = Object.entries(vendor).filter(([name]) => /\.(cc|h|inc|cmake|in)$|\/CMakeLists\.txt$/.test(name));
  return { ...ownFiles("re2"), ...Object.fromEntries(sources) };
}

/** SQLite's amalgamation: `sqlite/sqlite3.c` of 9.5 MB, and the program `table`. */
export function sqliteProject(): Files {
  const { "sqlite3.c": source = "", "sqlite3.h": header = "" } = readTree(
    path.join(repository, "node_modules/better-sqlite3/deps/sqlite3"),
  );
  return { ...ownFiles("sqlite"), "sqlite/sqlite3.c": source, "sqlite/sqlite3.h": header };
}

/** examples/leveldb in `example/`, to be configured with -DLEVELDB_SOURCE=, and LevelDB in `leveldb/`. */
export function leveldbProject(): Files {
  const leveldb = path.join(repository, "node_modules/classic-level/deps/leveldb/leveldb-1.20");
  return {
    ...inFolder("example", readTree(path.join(repository, "examples/leveldb"))),
    ...inFolder("leveldb", readTree(leveldb)),
  };
}

function ownFiles(project: string): Files {
  return {
    ...readTree(path.join(repository, "test/e2e/programs/ticker")),
    ...readTree(path.join(repository, "test/projects", project)),
  };
}

function inFolder(folder: string, files: Files): Files {
  return Object.fromEntries(Object.entries(files).map(([name, text]) => [path.join(folder, name), text]));
}
