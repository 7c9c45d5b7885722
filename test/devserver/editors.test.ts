// How editors save, step by step, as strace shows it: each save is one change of one file, and nothing else happens.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  closeSync,
  copyFileSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { suite } from "uvu";
import { isSourceFile } from "../../devserver/project_watch.js";
import { closeAll, watched } from "./watched.js";

const test = suite("editors");
test.after.each(closeAll);

/** Writes in place as a program in C does: open with O_TRUNC, write in pieces, fsync. */
function writeInPlace(file: string, text: string): void {
  const descriptor = openSync(file, "w");
  for (let start = 0; start < text.length; start += 16) writeSync(descriptor, text.slice(start, start + 16));
  fsyncSync(descriptor);
  closeSync(descriptor);
}

type Save = (directory: string, name: string, text: string) => void | Promise<void>;

const editors: Readonly<Record<string, Save>> = {
  "vim, which probes the directory, moves the old file away and writes a new one"(directory, name, text) {
    const file = join(directory, name);
    const probe = join(directory, "4913");
    writeFileSync(join(directory, `.${name}.swp`), "swap");
    writeFileSync(probe, "");
    chmodSync(probe, 0o644);
    unlinkSync(probe);
    renameSync(file, `${file}~`);
    writeInPlace(file, text);
    chmodSync(file, 0o644);
    unlinkSync(`${file}~`);
    unlinkSync(join(directory, `.${name}.swp`));
  },
  "vim with backupcopy=yes, which copies the old file and writes in place"(directory, name, text) {
    const file = join(directory, name);
    copyFileSync(file, `${file}~`);
    writeInPlace(file, text);
    unlinkSync(`${file}~`);
  },
  "emacs, which holds a lock and keeps the first old file"(directory, name, text) {
    const file = join(directory, name);
    const lock = join(directory, `.#${name}`);
    symlinkSync("user@host.4711:1700000000", lock);
    writeFileSync(join(directory, `#${name}#`), "auto save");
    renameSync(file, `${file}~`);
    writeInPlace(file, text);
    unlinkSync(join(directory, `#${name}#`));
    unlinkSync(lock);
  },
  "VS Code, which truncates and writes in place"(directory, name, text) {
    truncateSync(join(directory, name));
    writeInPlace(join(directory, name), text);
  },
  "JetBrains, with safe write"(directory, name, text) {
    const file = join(directory, name);
    writeInPlace(`${file}___jb_tmp___`, text);
    renameSync(file, `${file}___jb_old___`);
    renameSync(`${file}___jb_tmp___`, file);
    unlinkSync(`${file}___jb_old___`);
  },
  "gedit, by a new file and a backup"(directory, name, text) {
    const file = join(directory, name);
    const temporary = join(directory, ".goutputstream-ABCDEF");
    writeInPlace(temporary, text);
    linkSync(file, `${file}~`);
    renameSync(temporary, file);
    unlinkSync(`${file}~`);
  },
  "Qt Creator and Kate, by a new file with an ending of its own"(directory, name, text) {
    const file = join(directory, name);
    writeInPlace(`${file}.Xy12Ab`, text);
    renameSync(`${file}.Xy12Ab`, file);
  },
  async "one that takes 50 ms between truncation and the last byte"(directory, name, text) {
    truncateSync(join(directory, name));
    await delay(50);
    writeFileSync(join(directory, name), text);
  },
  "sed -i"(directory, name, text) {
    const line = text.split("\n", 1)[0];
    assert.equal(spawnSync("sed", ["-i", `1s/.*/${line}/`, name], { cwd: directory }).status, 0);
  },
};

for (const [editor, save] of Object.entries(editors)) {
  test(`${editor}: each save is one change`, async () => {
    const { scratch, next, quiet, unknown } = await watched(["z.c", "a.c"]);
    for (const text of ["one\n", `two\n${"line\n".repeat(100)}`, "three\n"]) {
      await save(scratch.path, "a.c", text);
      const changes = await next();
      assert.deepEqual([changes.changed, changes.touched], [[scratch.file("a.c")], []]);
      assert.ok(readFileSync(scratch.file("a.c"), "utf8").startsWith(text.slice(0, 3)));
    }
    await quiet();
    // What else such a save writes is no source file that a failed build may wait for.
    assert.deepEqual(unknown.all.filter(isSourceFile), []);
  });
}

test.run();
