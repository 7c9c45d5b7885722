// The code bases that the differential test edits: sources, a program `subject` that shows what they do, what is edited.

import path from "node:path";
import { type Files, readTree, repository } from "../e2e/workspace.js";

export interface Project {
  readonly files: () => Files;
  /** Of the files, those that are edited. */
  readonly edits: RegExp;
  /** Of optimisation, if other ones than usual. */
  readonly levels?: readonly string[];
}

const modules = path.join(repository, "node_modules");

function own(name: string): Files {
  const programs = path.join(repository, "test/differential/programs");
  return { ...readTree(path.join(programs, "driver")), ...readTree(path.join(programs, name)) };
}

function within(folder: string, files: Files, wanted: RegExp): Files {
  const chosen = Object.entries(files).filter(([name]) => wanted.test(name));
  return Object.fromEntries(chosen.map(([name, text]) => [path.join(folder, name), text]));
}

/** Replaces text that must be there. */
function changed(files: Files, name: string, from: string, to: string): Files {
  const text = files[name] ?? "";
  if (!text.includes(from)) throw new Error(`${name} has no ${from}`);
  return { ...files, [name]: text.replace(from, to) };
}

/**
 * The static variables of the example become state that a fresh process can take over. What makes the bodies is moved to a
 * file that is not edited: the live process never runs it again.
 */
function orbit(): Files {
  let files = { ...own("orbit"), ...within("src", readTree(path.join(repository, "examples/orbit/src")), /./) };
  files = changed(files, "src/universe.h", "  void tick();\n", "  void tick();\n  void state();\n");
  const universe = files["src/universe.cpp"] ?? "";
  const start = universe.slice(universe.indexOf("Universe::Universe()"), universe.indexOf("void Universe::tick()"));
  files = changed(files, "src/universe.cpp", start, "");
  files = { ...files, "universe_start.inc": `namespace orbit {\n${start}}  // namespace orbit\n` };
  files = changed(
    files,
    "src/universe.cpp",
    "}  // namespace orbit",
    '}  // namespace orbit\n#include "../universe_start.inc"\n#include "../universe_state.inc"',
  );
  return changed(
    files,
    "src/picture.cpp",
    "}  // namespace orbit",
    '}  // namespace orbit\n#include "../picture_state.inc"',
  );
}

export const projects: Readonly<Record<string, Project>> = {
  zoo: { files: () => own("zoo"), edits: /^(?!subject|driver).*\.(c|cc|h)$/ },
  orbit: { files: orbit, edits: /^src\/(universe|gravity|body|canvas|picture|vector)\.(cpp|h)$/ },
  leveldb: {
    files: () => ({
      ...own("leveldb"),
      ...within("leveldb", readTree(path.join(modules, "classic-level/deps/leveldb/leveldb-1.20")), /\.(cc|h)$/),
    }),
    edits:
      /^leveldb\/(db|table|util|helpers)\/(?!.*(test|bench|leveldbutil|env_posix|testharness|repair|dumpfile|\bc\.cc)).*\.cc$|^leveldb\/db\/(skiplist|dbformat|memtable)\.h$/,
  },
  sqlite: {
    files: () => {
      const sources = readTree(path.join(modules, "better-sqlite3/deps/sqlite3"));
      return { ...own("sqlite"), "sqlite3.c": sources["sqlite3.c"] ?? "", "sqlite3.h": sources["sqlite3.h"] ?? "" };
    },
    edits: /^sqlite3\.c$/,
    // A compile at -O2 takes half a minute.
    levels: ["-O0"],
  },
  snappy: {
    files: () => ({
      ...own("snappy"),
      ...within("snappy", readTree(path.join(modules, "classic-level/deps/snappy/snappy")), /\.(cc|h)$/),
      ...within("snappy", readTree(path.join(modules, "classic-level/deps/snappy/linux")), /\.h$/),
    }),
    edits: /^snappy\/snappy(-sinksource|-stubs-internal|-c)?\.cc$/,
  },
  abseil: {
    files: () => ({
      ...own("abseil"),
      ...within(
        "abseil-cpp",
        readTree(path.join(modules, "re2/vendor/abseil-cpp")),
        /\.(cc|h|inc|cmake|in)$|CMakeLists\.txt$/,
      ),
    }),
    edits: /^abseil-cpp\/absl\/strings\/(?!.*(test|benchmark)).*(?<!charconv.*)\.cc$/,
  },
};
