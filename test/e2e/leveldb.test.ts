// Real input: LevelDB, busy on several threads, while its own sources are edited.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { test } from "uvu";
import { leveldbProject } from "../projects/sources.js";
import { Program } from "./program.js";

/** The last line that the store printed. */
interface Line {
  readonly written: number;
  readonly errors: number;
  readonly version: string;
  readonly missing: string;
}

function lastLine(program: Program): Line | undefined {
  const pattern = /^written=(\d+) read=\d+ errors=(\d+) leveldb=(\S+) missing="(.*)"$/;
  for (const line of program.log.lines.toReversed()) {
    const [, written, errors, version, missing] = pattern.exec(line) ?? [];
    if (written !== undefined && errors !== undefined && version !== undefined && missing !== undefined) {
      return { written: Number(written), errors: Number(errors), version, missing };
    }
  }
  return undefined;
}

/** Waits for a line that is as expected, and then for another one: the database goes on being written. */
async function stores(program: Program, what: string, expected: (line: Line) => boolean): Promise<void> {
  const look = () => {
    const line = lastLine(program);
    return line && expected(line) ? line : undefined;
  };
  const { written } = await program.server.until(what, look);
  const later = await program.server.until("more records", () => {
    const line = lastLine(program);
    return line && line.written > written + 100 ? line : undefined;
  });
  assert.equal(later.errors, 0, "every record that is read is the one that was written");
}

function verify(program: Program, database: string): string {
  const store = path.join(program.build, "store");
  const result = spawnSync(store, ["--verify", database], { encoding: "utf8", env: program.mark.environment() });
  return `${result.stdout}${result.stderr}`.trim();
}

for (const libraries of ["static", "shared"] as const) {
  test(`LevelDB, ${libraries}: edits of a source file and of a header go live, and the database is intact`, async () => {
    const databases = fs.mkdtempSync("/tmp/hotreload-e2e-db-");
    const database = path.join(databases, "db");
    const program = await Program.start(leveldbProject(), {
      project: "example",
      define: {
        LEVELDB_SOURCE: ({ directory }) => path.join(directory, "leveldb"),
        BUILD_SHARED_LIBS: libraries === "shared" ? "ON" : "OFF",
      },
      target: "store",
      programArguments: [database],
    });
    try {
      await stores(program, "the store to run", ({ version, missing }) => version === "1.20" && missing !== "");
      assert.equal(lastLine(program)?.missing.startsWith("NotFound: "), true);

      program.edit("leveldb/util/status.cc", '"NotFound: "', '"Not there: "');
      await program.hot(/leveldb::Status::ToString/);
      await stores(program, "the new text", ({ missing }) => missing.startsWith("Not there: "));

      program.edit("leveldb/include/leveldb/db.h", "kMinorVersion = 20", "kMinorVersion = 21");
      await program.hot(/report/);
      await stores(program, "the new version", ({ version }) => version === "1.21");

      // The path of every write, and of the compaction thread's every block.
      program.edit(
        "leveldb/db/write_batch.cc",
        "void WriteBatch::Put(const Slice& key, const Slice& value) {\n",
        "void WriteBatch::Put(const Slice& key, const Slice& value) {\n  if (key.empty()) return;\n",
      );
      await program.hot(/leveldb::WriteBatch::Put/);
      program.edit(
        "leveldb/db/skiplist.h",
        "return (n != NULL) && (compare_(n->key, key) < 0);",
        "if (n == NULL) return false;\n  const int order = compare_(n->key, key);\n  return order < 0;",
      );
      await program.hotOrUnchanged();
      await stores(program, "records in the new code", ({ errors }) => errors === 0);

      program.edit("leveldb/util/status.cc", '"Not there: "', '"NotFound: "');
      await program.hot(/leveldb::Status::ToString/);
      await stores(program, "the old text", ({ missing }) => missing.startsWith("NotFound: "));
      program.same();
      await program.server.end("quit");
      assert.match(verify(program, database), /^OK [1-9]\d* records$/);
      await program.quit();
    } catch (error) {
      await program.abandon(error);
      throw error;
    } finally {
      fs.rmSync(databases, { recursive: true, force: true });
    }
  });
}

test.run();
