// examples/leveldb builds LevelDB's own sources, keeps the database busy, and leaves it intact.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Example, runToEnd, withExample } from "./example.js";

const leveldbSource = fileURLToPath(
  new URL("../../../node_modules/classic-level/deps/leveldb/leveldb-1.20", import.meta.url),
);

const countOf = (line: string, what: string) => Number(new RegExp(`${what}=(\\d+)`).exec(line)?.[1] ?? -1);

function edit(path: string, from: string, to: string): void {
  const text = readFileSync(path, "utf8");
  assert.ok(text.includes(from), `${from} in ${path}`);
  writeFileSync(path, text.replace(from, to));
}

async function runAndVerify(example: Example, expected: string): Promise<void> {
  const database = example.path("database");
  for (const minimum of [5_000, 10_000]) {
    const store = example.start("store", database);
    await store.waitForLine((line) => countOf(line, "written") > minimum && countOf(line, "read") > 1_000);
    assert.equal(await store.stop("SIGTERM"), { code: 0, signal: null });
    for (const line of store.lines) {
      assert.match(line, expected);
      assert.is(countOf(line, "errors"), 0);
    }
    const verified = /^OK (\d+) records\n$/.exec(runToEnd(example.path("build", "store"), ["--verify", database]));
    assert.is(Number(verified?.[1]), countOf(store.lines.at(-1) ?? "", "written"));
  }
}

test("LevelDB as a static library: the database is right after SIGTERM, and goes on the next time", async () => {
  await withExample("leveldb", [], async (example) => {
    await runAndVerify(example, 'leveldb=1.20 missing="NotFound: "');
    const store = example.start("store", "--verify", example.path("nothing"));
    assert.equal(await store.ended, { code: 1, signal: null });
  });
});

test("LevelDB as a shared library, from an edited copy of its sources", async () => {
  const copy = mkdtempSync(join(tmpdir(), "hotreload-leveldb-source-"));
  cpSync(leveldbSource, copy, { recursive: true });
  edit(join(copy, "util/status.cc"), '"NotFound: "', '"nothing there: "');
  edit(join(copy, "include/leveldb/db.h"), "kMinorVersion = 20", "kMinorVersion = 21");
  await withExample(
    "leveldb",
    ["-DBUILD_SHARED_LIBS=ON", `-DLEVELDB_SOURCE=${copy}`, "-DCMAKE_BUILD_TYPE=Debug"],
    async (example) => {
      await runAndVerify(example, 'leveldb=1.21 missing="nothing there: "');
    },
  );
  rmSync(copy, { recursive: true });
});

test.run();
