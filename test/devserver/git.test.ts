// Real git rewrites hundreds of files: one batch, whatever it does in between.

import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { appendFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { suite } from "uvu";
import { gitDirectoryOf, isGitAtWork } from "../../devserver/git.js";
import { Scratch } from "./scratch.js";
import { closeAll, type Watched, watched } from "./watched.js";

const test = suite("git");
const names = Array.from({ length: 500 }, (_, index) => `d${index % 10}/f${index}.c`);
const configuration = ["-c", "user.name=test", "-c", "user.email=test@localhost", "-c", "commit.gpgsign=false"];
let tree: Watched;

/** Runs beside the event loop, as in another terminal. */
async function git(...args: readonly string[]): Promise<void> {
  const environment = { ...process.env, GIT_CONFIG_GLOBAL: "/dev/null", GIT_EDITOR: "true" };
  await promisify(execFile)("git", [...configuration, ...args], { cwd: tree.scratch.path, env: environment });
}

function rewrite(text: string, files = names): void {
  for (const name of files) appendFileSync(tree.scratch.file(name), `${text}\n`);
}

/** All of the files, in one batch. */
async function oneBatch(count = names.length): Promise<void> {
  assert.equal((await tree.next()).changed.length, count);
  await tree.quiet();
}

test.before(async () => {
  // What is prepared was not saved by anybody.
  tree = await watched(["witness.c", ...names], { since: Date.now() + 60_000 }, async (scratch) => {
    tree = { scratch } as Watched;
    await git("init", "-q", "-b", "main");
    writeFileSync(scratch.file(".git/info/exclude"), "witness.c\n");
    await git("add", ".");
    await git("commit", "-q", "-m", "first");
    await git("checkout", "-q", "-b", "other");
    rewrite("other");
    await git("commit", "-q", "-a", "-m", "other");
    await git("checkout", "-q", "main");
  });
});
test.after(closeAll);

test("a checkout that rewrites five hundred files is one batch, there and back", async () => {
  await git("checkout", "-q", "other");
  await oneBatch();
  await git("checkout", "-q", "main");
  await oneBatch();
});

test("a stash, and its return", async () => {
  rewrite("by hand");
  assert.equal((await tree.next()).changed.length, 500);
  await git("stash", "-q");
  await oneBatch();
  await git("stash", "pop", "-q");
  await oneBatch();
  await git("checkout", "-q", ".");
  await oneBatch();
});

test("a rebase of several commits", async () => {
  await git("checkout", "-q", "-b", "topic", "other");
  await oneBatch();
  for (const [index, file] of names.slice(0, 5).entries()) {
    writeFileSync(tree.scratch.file(`${file}.txt`), "new\n");
    await git("add", ".");
    await git("commit", "-q", "-m", `topic ${index}`);
  }
  await git("checkout", "-q", "main");
  await oneBatch();
  rewrite("main has moved", names.slice(0, 300));
  assert.equal((await tree.next()).changed.length, 300);
  await git("commit", "-q", "-a", "-m", "main");
  // 300 go to what main has, the rest goes back to the first commit and stays: "other" is not part of it.
  await git("checkout", "-q", "topic");
  await oneBatch();
  await git("rebase", "-q", "--onto", "main", "other", "topic");
  await oneBatch();
});

test("a lock that was left behind holds a save up only for a moment", async () => {
  const lock = tree.scratch.file(".git/index.lock");
  writeFileSync(lock, "");
  appendFileSync(tree.scratch.file("d3/f3.c"), "saved\n");
  assert.deepEqual((await tree.next()).changed, [tree.scratch.file("d3/f3.c")]);
  rmSync(lock);
});

test("the directory of git is found from below, in a linked work tree, and not where there is none", async () => {
  const { path } = tree.scratch;
  assert.equal(gitDirectoryOf(tree.scratch.file("d1")), join(path, ".git"));
  const linked = new Scratch();
  execFileSync("git", ["worktree", "add", "-q", "--detach", linked.file("tree")], { cwd: path });
  mkdirSync(linked.file("tree/below"));
  const directory = gitDirectoryOf(linked.file("tree/below"));
  assert.equal(directory, join(path, ".git/worktrees/tree"));
  assert.ok(!isGitAtWork(directory));
  writeFileSync(join(directory, "index.lock"), "");
  assert.ok(isGitAtWork(directory));
  assert.ok(readFileSync(join(linked.file("tree"), ".git"), "utf8").startsWith("gitdir: "));
  assert.equal(gitDirectoryOf("/proc"), undefined);
});

test.run();
