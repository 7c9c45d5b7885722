// Scenarios D7, D9 and D10: saves in every rhythm, by git and by editors, in a directory with an unusual name.

import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { Program } from "./program.js";
import { runScenarios, type Scenario } from "./scenario_suite.js";
import { readProgram, type Workspace } from "./workspace.js";

const state = { "D7.count": "from_71", "D10.count": "from_101" };

/** A save is what this file of no interest says after it: all verdicts of the saves before have come then. */
const WITNESS = "parts.c";

async function stateIsKept(program: Program): Promise<void> {
  await program.goesOn(5);
  for (const [field, value] of Object.entries(state)) assert.deepEqual(program.log.history(field), [value], field);
}

function d7(value: number): string {
  return `static int count = 70;\n\nint d7_count(void) { return ++count; }\n\nint d7_value(int x) { return x + ${value}; }\n`;
}

/** After all verdicts the program shows the last text that was saved, and shows nothing else afterwards. */
async function lastTextWins(program: Program, value: number): Promise<void> {
  const verdicts = await program.settle(WITNESS);
  assert.deepEqual(
    verdicts.filter(({ type }) => type !== "hot" && type !== "unchanged"),
    [],
  );
  await program.goesOn(3);
  assert.equal(program.log.value("D7"), String(value), "nothing is one reload behind");
}

const savedTwice: Scenario = {
  row: "D7",
  name: "saved twice, 5 to 200 ms apart: the last text wins",
  async run(program) {
    let value = 1000;
    for (const pause of [5, 10, 20, 35, 50, 75, 100, 200]) {
      program.save("d7.c", d7(++value));
      await delay(pause); // the rhythm is what this scenario is about
      program.workspace.write("d7.c", d7(++value));
      await lastTextWins(program, value);
    }
    await stateIsKept(program);
  },
};

const savedInARow: Scenario = {
  row: "D7",
  name: "thirty saves in a row while reloads are under way: the last text wins",
  async run(program) {
    let value = 2000;
    for (let save = 0; save < 30; save++) {
      program.workspace.write("d7.c", d7(++value));
      await delay((save * 37) % 90); // another rhythm than that of the reloads
    }
    await lastTextWins(program, value);
    await stateIsKept(program);
  },
};

const savedDuringCompile: Scenario = {
  row: "D7",
  name: "saved during the compile, in the file that is compiled and in another one: nothing is lost",
  async run(program) {
    const { workspace } = program;
    workspace.write("hold", "");
    program.save("d7.c", d7(3000));
    // The program prints a tick every 10 ms: each one is an occasion to look.
    await program.server.until("the compiler to be held", () =>
      fs.existsSync(workspace.path("is-held")) ? true : undefined,
    );
    workspace.write("d7.c", d7(3001));
    workspace.write("d7_other.c", workspace.read("d7_other.c").replace(/x \+ \d+/, "x + 301"));
    workspace.remove("hold");
    workspace.remove("is-held");
    await program.shows({ "D7.other": "301" });
    await lastTextWins(program, 3001);
    await stateIsKept(program);
  },
};

const slowSave: Scenario = {
  row: "D7",
  name: "a save in place that takes 50 ms between truncation and the last byte is one save, and no build fails",
  async run(program) {
    const file = program.workspace.path("d7.c");
    const text = d7(4000);
    program.server.forgetVerdicts();
    fs.truncateSync(file);
    await delay(50); // what this scenario is about
    fs.writeFileSync(file, text);
    await program.hot(/d7_value/);
    await lastTextWins(program, 4000);

    // The same with half of the text there all the while.
    const next = d7(4001);
    fs.writeFileSync(file, next.slice(0, -8));
    await delay(50);
    fs.writeFileSync(file, next);
    await program.hot(/d7_value/);
    await lastTextWins(program, 4001);
    await stateIsKept(program);
  },
};

const SOURCES = 20;
const HEADERS = 24; // of each source

/** Five hundred files, each with a part in the sum. */
function d9(value: number): Map<string, string> {
  const files = new Map<string, string>();
  for (let source = 0; source < SOURCES; source++) {
    const headers = Array.from({ length: HEADERS }, (_, header) => `d9_${source}_${header}`);
    for (const header of headers) files.set(`d9/${header}.h`, `enum { ${header} = ${value} };\n`);
    const includes = headers.map((header) => `#include "${header}.h"\n`).join("");
    files.set(`d9/d9_${source}.c`, `${includes}int d9_${source}(void) { return ${value} + ${headers.join(" + ")}; }\n`);
  }
  return files;
}

const d9Sum = (value: number): string => String(value * SOURCES * (HEADERS + 1));

const gitEnvironment = { ...process.env, GIT_CONFIG_GLOBAL: "/dev/null", GIT_EDITOR: "true" };
const identity = ["-c", "user.name=test", "-c", "user.email=test@localhost", "-c", "commit.gpgsign=false"];

/**
 * A repository with the branches `main` and `other`, which differ in five hundred files; `topic` changes them in two
 * commits, and is to be rebased on `upstream`.
 */
function makeRepository(workspace: Workspace): void {
  const git = (...args: readonly string[]): void => {
    execFileSync("git", [...identity, ...args], { cwd: workspace.directory, env: gitEnvironment });
  };
  const writeAll = (value: number, from = 0, to = Number.POSITIVE_INFINITY): void => {
    for (const [name, text] of [...d9(value)].slice(from, to)) workspace.write(name, text);
  };
  writeAll(2);
  git("init", "-q", "-b", "other");
  git("add", "d9");
  git("commit", "-q", "-m", "two");
  git("checkout", "-q", "-b", "topic");
  for (const half of [0, 250]) {
    writeAll(4, half, half + 250);
    git("commit", "-q", "-a", "-m", "four");
  }
  git("checkout", "-q", "-b", "upstream", "other");
  workspace.write("d9/upstream.txt", "A file of no interest.\n");
  git("add", "d9");
  git("commit", "-q", "-m", "upstream");
  git("checkout", "-q", "-b", "main", "other");
  writeAll(1);
  git("commit", "-q", "-a", "-m", "one");
}

const checkout: Scenario = {
  row: "D9",
  name: "git rewrites 500 files by checkout, stash and rebase: one batch each time, nothing missed",
  async run(program) {
    const run = promisify(execFile);
    /** In another terminal; one verdict for all of the files. */
    const git = async (value: number, ...args: readonly string[]): Promise<void> => {
      program.server.forgetVerdicts();
      await run("git", [...identity, ...args], { cwd: program.workspace.directory, env: gitEnvironment });
      const hot = await program.hot();
      assert.deepEqual([hot.files.length, hot.functions.length], [SOURCES * (HEADERS + 1), SOURCES]);
      await program.shows({ D9: d9Sum(value) });
      assert.equal((await program.settle(WITNESS)).length, 1, "it was one batch");
    };
    await program.shows({ D9: d9Sum(1) });
    await git(2, "checkout", "-q", "other");
    await git(1, "checkout", "-q", "main");
    for (const [name, text] of d9(3)) program.workspace.write(name, text);
    await program.shows({ D9: d9Sum(3) });
    await program.settle(WITNESS);
    await git(1, "stash", "-q");
    await git(3, "stash", "pop", "-q");
    await git(1, "checkout", "-q", "d9");
    await git(4, "rebase", "-q", "upstream", "topic");
    await git(1, "checkout", "-q", "main");
    await stateIsKept(program);
  },
};

type Save = (file: string, text: string) => void;

const editors: Readonly<Record<string, Save>> = {
  vim(file, text) {
    const probe = path.join(path.dirname(file), "4913");
    fs.writeFileSync(probe, "");
    fs.unlinkSync(probe);
    fs.renameSync(file, `${file}~`);
    fs.writeFileSync(file, text);
    fs.unlinkSync(`${file}~`);
  },
  "VS Code"(file, text) {
    fs.truncateSync(file);
    fs.writeFileSync(file, text);
  },
  JetBrains(file, text) {
    fs.writeFileSync(`${file}___jb_tmp___`, text);
    fs.renameSync(file, `${file}___jb_old___`);
    fs.renameSync(`${file}___jb_tmp___`, file);
    fs.unlinkSync(`${file}___jb_old___`);
  },
  emacs(file, text) {
    const lock = path.join(path.dirname(file), `.#${path.basename(file)}`);
    fs.symlinkSync("user@host.1:1", lock);
    fs.renameSync(file, `${file}~`);
    fs.writeFileSync(file, text);
    fs.unlinkSync(lock);
  },
};

const atomicSaves: Scenario = {
  row: "D10",
  name: "saves by rename, as vim, VS Code, JetBrains and emacs make them: one verdict each",
  async run(program) {
    const file = program.workspace.path("d10.c");
    let value = 10;
    for (const [editor, save] of Object.entries(editors)) {
      value += 1;
      const text = program.workspace.read("d10.c").replace(/x \+ \d+/, `x + ${value}`);
      program.server.forgetVerdicts();
      save(file, text);
      await program.hot(/d10_value/);
      await program.shows({ D10: String(value) });
      assert.equal((await program.settle(WITNESS)).length, 1, `${editor}: one save, one verdict`);
    }
    await stateIsKept(program);
  },
};

const linkedTree: Scenario = {
  row: "D10",
  name: "the source tree is a symbolic link, and a header is one as well",
  async run(_program, configuration) {
    const linked = await Program.start(readProgram("process"), {
      configuration,
      target: "process",
      project: "../linked tree",
      prepare: (workspace) => {
        fs.symlinkSync(workspace.directory, path.join(workspace.root, "linked tree"));
        fs.renameSync(workspace.path("e4.c"), path.join(workspace.root, "e4.c"));
        fs.symlinkSync("../e4.c", workspace.path("e4.c"));
      },
    });
    try {
      await linked.shows({ E3: "1", E4: "1" });
      linked.edit("e3.c", "return x + 1;", "return x + 2;");
      await linked.hot(/e3_value/);
      await linked.shows({ E3: "2", "E3.count": "from_11" });
      linked.edit("e4.c", "return x + 1;", "return x + 2;");
      await linked.hot(/e4_value/);
      await linked.shows({ E4: "2", "E4.count": "from_21" });
      linked.same();
      await linked.quit();
    } catch (error) {
      await linked.abandon(error);
      throw error;
    }
  },
};

runScenarios(
  "saves",
  "saves",
  [savedTwice, savedInARow, savedDuringCompile, slowSave, checkout, atomicSaves, linkedTree],
  { folder: "größeres Projekt 日本", prepare: makeRepository },
);
