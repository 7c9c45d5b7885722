// Saves as editors make them: by rename, in place, in bursts, without a change; and what the watch makes of them.

import assert from "node:assert/strict";
import {
  appendFileSync,
  closeSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { suite } from "uvu";
import { Watch } from "../../devserver/watch.js";
import { Inbox } from "./inbox.js";
import { Scratch } from "./scratch.js";
import { closeAll, closeAtEnd, watched } from "./watched.js";

const test = suite("watch");
test.after.each(closeAll);

test("a save in place is a change", async () => {
  const { scratch, next } = await watched(["a.c", "b.c"]);
  const before = performance.now();
  scratch.write("b.c", "other\n");
  const changes = await next();
  assert.deepEqual([changes.changed, changes.touched], [[scratch.file("b.c")], []]);
  assert.ok(changes.seenAt >= before && changes.seenAt <= performance.now());
});

test("a save by rename is a change, again and again", async () => {
  const { scratch, next } = await watched(["a.c"]);
  for (const text of ["one\n", "two\n", "three\n"]) {
    scratch.write(".a.c.swp", text);
    renameSync(scratch.file(".a.c.swp"), scratch.file("a.c"));
    assert.deepEqual((await next()).changed, [scratch.file("a.c")]);
  }
});

test("a save that moves the old file away and writes a new one is one change", async () => {
  const { scratch, next, quiet } = await watched(["z.c", "a.c"]);
  renameSync(scratch.file("a.c"), scratch.file("a.c~"));
  await delay(30); // an editor that takes its time
  scratch.write("a.c", "new\n");
  assert.deepEqual((await next()).changed, [scratch.file("a.c")]);
  await quiet();
});

test("a touch and a rewrite of the same text are told apart from a change", async () => {
  const { scratch, next } = await watched(["a.c"]);
  const now = new Date();
  utimesSync(scratch.file("a.c"), now, now);
  assert.deepEqual((await next()).touched, [scratch.file("a.c")]);
  await delay(60); // later than what one save may take
  scratch.write("a.c", readFileSync(scratch.file("a.c"), "utf8"));
  const changes = await next();
  assert.deepEqual([changes.changed, changes.touched], [[], [scratch.file("a.c")]]);
});

test("a file put back with its old time and size is a change", async () => {
  const { scratch, next } = await watched(["a.c"]);
  const old = new Date(Date.now() - 3_600_000);
  scratch.write("new", "TEXT OF A.C\n");
  utimesSync(scratch.file("new"), old, old);
  renameSync(scratch.file("new"), scratch.file("a.c"));
  assert.deepEqual((await next()).changed, [scratch.file("a.c")]);
});

test("a file that is truncated first is taken when its text is there", async () => {
  const { scratch, next, quiet } = await watched(["z.c", "a.c"]);
  const file = scratch.file("a.c");
  truncateSync(file);
  const changes = next();
  await delay(50); // between truncation and the last byte
  appendFileSync(file, "the text\n");
  assert.deepEqual((await changes).changed, [file]);
  await quiet();
});

test("a file that stays empty, and one that stays away, are changes in the end", async () => {
  const { scratch, next } = await watched(["a.c", "b.c"]);
  truncateSync(scratch.file("a.c"));
  assert.deepEqual((await next()).changed, [scratch.file("a.c")]);
  rmSync(scratch.file("b.c"));
  assert.deepEqual((await next()).changed, [scratch.file("b.c")]);
  scratch.write("b.c", "back\n");
  assert.deepEqual((await next()).changed, [scratch.file("b.c")]);
});

test("five hundred files written at once are one batch, and none is missed", async () => {
  const names = Array.from({ length: 500 }, (_, index) => `d${index % 5}/f${index}.c`);
  const { scratch, next, quiet } = await watched(names);
  for (const name of names) scratch.write(name, `new text of ${name}\n`);
  const changes = await next();
  assert.equal(changes.changed.length, 500);
  await quiet();
});

/** Runs a command for at least this long; the event loop stands still meanwhile, and events pile up. */
function blocked(ms: number, work: () => void): void {
  const end = performance.now() + ms;
  work();
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Math.max(0, end - performance.now()));
}

const thousands = Array.from({ length: 5000 }, (_, index) => `d${index % 50}/f${index}.c`);

test("five thousand files written while the event loop is blocked are one batch, and none is missed", async () => {
  const { scratch, next, quiet } = await watched(thousands);
  blocked(1500, () => {
    for (const [index, name] of thousands.entries()) {
      const file = scratch.file(name);
      if (index % 2 === 0) writeFileSync(file, `new text of ${name}\n`);
      else {
        writeFileSync(`${file}.tmp`, `new text of ${name}\n`);
        renameSync(`${file}.tmp`, file);
      }
    }
  });
  assert.equal((await next()).changed.length, 5000);
  await quiet();
});

/** Makes so many events of other files that there is no room for any more. */
function fillQueue(scratch: Scratch): void {
  const room = Number(readFileSync("/proc/sys/fs/inotify/max_queued_events", "utf8"));
  const other = scratch.file("d0/other");
  for (let event = 0; event < room + 100; event += 2) {
    closeSync(openSync(other, "w"));
    unlinkSync(other);
  }
}

test("when the queue of events overflows, none of five thousand is missed although none has an event", async () => {
  const { scratch, next, quiet } = await watched(thousands);
  blocked(0, () => {
    fillQueue(scratch);
    for (const name of thousands) scratch.write(name, `new text of ${name}\n`);
  });
  assert.equal((await next()).changed.length, 5000);
  await quiet();
});

test("a single save that the overflow of the queue hides is found", async () => {
  const { scratch, next, quiet } = await watched(["a.c", "d0/b.c"]);
  blocked(0, () => {
    fillQueue(scratch);
    scratch.write("a.c", "hidden\n");
  });
  assert.deepEqual((await next()).changed, [scratch.file("a.c")]);
  await quiet();
});

test("a change without any event is found by a sweep", async () => {
  const { scratch, watch, next } = await watched(["a.c"]);
  const elsewhere = new Scratch();
  // The kernel tells of a write under the name that was written to, and of no other one.
  linkSync(scratch.file("a.c"), elsewhere.file("a.c"));
  elsewhere.write("a.c", "unheard\n");
  await watch.sweep();
  assert.deepEqual((await next()).changed, [scratch.file("a.c")]);
});

test("where events do not come, files are looked at all the time, and that is said", async () => {
  const said: string[] = [];
  const { scratch, next } = await watched(["a.c"], { fileSystem: () => "NFS", onPolling: (why) => said.push(why) });
  const elsewhere = new Scratch();
  linkSync(scratch.file("a.c"), elsewhere.file("a.c"));
  elsewhere.write("a.c", "unheard\n");
  assert.deepEqual((await next()).changed, [scratch.file("a.c")]);
  assert.deepEqual(said, ["files on NFS are looked at twice a second, since what others write there makes no events"]);
});

test("take(true) does not wait for events", async () => {
  const { scratch, watch } = await watched(["a.c"]);
  scratch.write("a.c", "just now\n");
  assert.deepEqual((await watch.take(true)).changed, [scratch.file("a.c")]);
});

test("files that the graph does not know make no change, but can be told of", async () => {
  const { scratch, unknown, quiet } = await watched(["a.c"]);
  scratch.write("new.h", "text\n");
  await unknown.next("unknown file", (path) => path === scratch.file("new.h"));
  await quiet();
});

test("a file that becomes known counts as changed only if it was saved since", async () => {
  const { scratch, watch, next, quiet } = await watched(["a.c"]);
  const a = scratch.file("a.c");
  const old = scratch.write("include/old.h", "old\n");
  utimesSync(old, new Date(0), new Date(0));
  const since = Date.now() - 1000;
  const recent = scratch.write("include/recent.h", "recent\n");
  await watch.setFiles([a, old, recent], since);
  assert.deepEqual((await next()).changed, [recent]);
  await quiet();
  writeFileSync(old, "changed\n");
  assert.deepEqual((await next()).changed, [old]);
  await watch.setFiles([a], Date.now());
  writeFileSync(old, "changed again\n");
  await quiet();
});

test("a save while the first build ran is not lost", async () => {
  const scratch = new Scratch({ "a.c": "text\n" });
  const wakes = new Inbox<true>();
  const since = Date.now() - 1000;
  const watch = await Watch.open([scratch.file("a.c")], {
    sourceDir: scratch.path,
    buildDir: scratch.file("build"),
    since,
    onChange: () => wakes.push(true),
  });
  closeAtEnd(watch);
  await wakes.next("save");
  assert.deepEqual((await watch.take()).changed, [scratch.file("a.c")]);
});

test("a directory below another one, a linked directory and a linked file are watched where they really are", async () => {
  const real = new Scratch({ "real.h": "real\n", "inside/deep.h": "deep\n" });
  const { scratch, watch, next } = await watched(["a.c", "sub/b.c", "sub/sub/c.c"]);
  symlinkSync(real.path, scratch.file("linked"));
  symlinkSync(real.file("inside/deep.h"), scratch.file("deep.h"));
  const long = new Date(0);
  utimesSync(real.file("real.h"), long, long);
  utimesSync(real.file("inside/deep.h"), long, long);
  const files = ["a.c", "sub/b.c", "sub/sub/c.c", "linked/real.h", "deep.h"].map((name) => scratch.file(name));
  await watch.setFiles(files, Date.now() - 30_000);
  for (const file of files) {
    writeFileSync(file, "saved\n");
    assert.deepEqual((await next()).changed, [file]);
  }
});

test("what the build itself writes is no save, but can be asked for", async () => {
  const { scratch, watch, quiet } = await watched(["a.c", "build/config.h", "build/_deps/lib-src/lib.c"]);
  scratch.write("build/config.h", "#define NEW\n");
  await quiet();
  assert.deepEqual(watch.takeProducts(), [scratch.file("build/config.h")]);
  assert.deepEqual(watch.takeProducts(), []);
  const fetched = scratch.write("build/_deps/lib-src/lib.c", "edited\n");
  assert.deepEqual((await watch.take(true)).changed, [fetched]);
});

test("names with spaces, newlines and letters of other scripts are names", async () => {
  const names = ["a b.c", "a\nb.c", "schön/日本.c"];
  const { scratch, next } = await watched(names);
  for (const name of names) {
    scratch.write(name, "saved\n");
    assert.deepEqual((await next()).changed, [scratch.file(name)]);
  }
});

test("a directory that is removed and made again is watched again", async () => {
  const { scratch, next } = await watched(["a.c", "d/b.c"]);
  rmSync(scratch.file("d"), { recursive: true });
  assert.deepEqual((await next()).changed, [scratch.file("d/b.c")]);
  mkdirSync(scratch.file("d"));
  scratch.write("d/b.c", "back\n");
  assert.deepEqual((await next()).changed, [scratch.file("d/b.c")]);
  scratch.write("d/b.c", "and again\n");
  assert.deepEqual((await next()).changed, [scratch.file("d/b.c")]);
});

test.run();
