// Where inotify ends: its limits, set low in a user namespace of their own, and file systems that it does not see.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { suite } from "uvu";
import { fileSystemWithoutEvents, nameWithoutEvents } from "../../devserver/watch_limits.js";
import { packageRoot } from "../../plugin/package_root.js";

const test = suite("limits of watching");

/** Watches ten directories where a limit of the user namespace is this low, and saves a file in each. */
function watchWith(limit: string, value: number): { readonly said: readonly string[]; readonly changed: number } {
  const script = `${packageRoot()}/dist/test/devserver/watch_ten_directories.js`;
  const command = `echo ${value} > /proc/sys/user/${limit} && exec "$0" "$1"`;
  const arguments_ = ["--user", "--map-root-user", "sh", "-c", command, process.execPath, script];
  const { status, stdout, stderr } = spawnSync("unshare", arguments_, { encoding: "utf8", timeout: 60_000 });
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout);
}

test("too few watches: it is said with the remedy, once, and files are looked at instead", () => {
  const { said, changed } = watchWith("max_inotify_watches", 5);
  assert.equal(said.length, 1);
  assert.match(said[0] ?? "", /^the limit fs\.inotify\.max_user_watches \(\d+\) is reached: files are looked at twice/);
  assert.match(said[0] ?? "", /sudo sysctl fs\.inotify\.max_user_watches=\d+$/);
  assert.equal(changed, 10);
});

test("no inotify at all", () => {
  const { said, changed } = watchWith("max_inotify_instances", 0);
  assert.equal(said.length, 1);
  assert.match(said[0] ?? "", /max_user_instances.*sudo sysctl fs\.inotify\.max_user_instances=\d+$/);
  assert.equal(changed, 10);
});

test("enough of everything: nothing is said", () => {
  assert.deepEqual(watchWith("max_inotify_watches", 100), { said: [], changed: 10 });
});

test("file systems that others write to are known by their type, ordinary ones are not among them", () => {
  assert.equal(nameWithoutEvents(0x6969), "NFS");
  assert.match(nameWithoutEvents(0x01021997) ?? "", /9p/);
  for (const directory of ["/", "/tmp", "/proc", "/nowhere"]) {
    assert.equal(fileSystemWithoutEvents(directory), undefined, directory);
  }
});

test.run();
