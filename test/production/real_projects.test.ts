// A bug of LevelDB and one of SQLite: each is fixed in a program that runs and was built at -O2 without us, and comes back
// with undo. The fix is the whole file, compiled as it was, compared with the old objects.
import { spawn } from "node:child_process";
import { cpSync, mkdirSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { leveldbProject, sqliteProject } from "../projects/sources.js";
import { fix, patchesOf, undo, type Workshop, withWorkshop } from "./plain_program.js";

/** The text with one place changed, which must be there. */
function edited(text: string, from: string, to: string): string {
  assert.is(text.split(from).length, 2, `${from} is there once`);
  return text.replace(from, to);
}

/** Runs commands at the same time; throws with the output of one that fails. */
async function runAll(folder: string, ...commands: readonly (readonly string[])[]): Promise<void> {
  const run = ([command = "", ...args]: readonly string[]) =>
    new Promise<void>((resolve, reject) => {
      const child = spawn(command, args, { cwd: folder });
      let output = "";
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding("utf8").on("data", (text: string) => {
          output += text;
        });
      }
      child.on("error", reject);
      child.on("close", (code) =>
        code === 0 ? resolve() : reject(new Error(`${command} ${args.join(" ")}\n${output}`)),
      );
    });
  await Promise.all(commands.map(run));
}

function writeAll(workshop: Workshop, files: Readonly<Record<string, string | undefined>>, folder: string): void {
  for (const [name, text] of Object.entries(files)) {
    if (text === undefined || !name.startsWith(`${folder}/`)) continue;
    mkdirSync(workshop.path(name.slice(0, name.lastIndexOf("/"))), { recursive: true });
    workshop.write(name, text);
  }
}

test("LevelDB, built by CMake and Ninja: an iterator that shows deleted records is corrected, and wrong again after undo", () =>
  withWorkshop(async (workshop) => {
    writeAll(workshop, leveldbProject(), "leveldb");
    const right = workshop.read("leveldb/db/db_iter.cc");
    const skip =
      "          SaveKey(ikey.user_key, skip);\n          skipping = true;\n          break;\n        case kTypeValue:";
    workshop.write("leveldb/db/db_iter.cc", edited(right, skip, skip.replace("SaveKey(ikey.user_key, skip);", "")));
    workshop.write(
      "CMakeLists.txt",
      `cmake_minimum_required(VERSION 3.20)
       project(plain CXX)
       set(CMAKE_CXX_STANDARD 11)
       set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")
       find_package(Threads REQUIRED)
       file(GLOB sources leveldb/db/*.cc leveldb/table/*.cc leveldb/util/*.cc leveldb/port/port_posix.cc leveldb/port/port_posix_sse.cc)
       list(FILTER sources EXCLUDE REGEX "_(test|bench)\\\\.cc$|/(testharness|testutil|leveldbutil|c)\\\\.cc$")
       add_library(leveldb \${sources})
       target_include_directories(leveldb PUBLIC leveldb/include PRIVATE leveldb)
       target_compile_definitions(leveldb PRIVATE LEVELDB_PLATFORM_POSIX OS_LINUX)
       target_link_libraries(leveldb PUBLIC Threads::Threads -Wl,--build-id)
       add_executable(program program.cc)
       target_link_libraries(program PRIVATE leveldb)`,
    );
    workshop.write(
      "program.cc",
      `#include <cstdio>
       #include <memory>
       #include <unistd.h>
       #include "leveldb/db.h"
       int main(int, char **arguments) {
         leveldb::Options options;
         options.create_if_missing = true;
         leveldb::DB *db = nullptr;
         if (!leveldb::DB::Open(options, arguments[1], &db).ok()) return 1;
         for (long round = 0;; round++) {
           const leveldb::WriteOptions write;
           for (const char *key : {"a", "b", "c"}) db->Put(write, key, std::to_string(round));
           db->Delete(write, "b");
           std::string keys;
           std::unique_ptr<leveldb::Iterator> each(db->NewIterator(leveldb::ReadOptions()));
           for (each->SeekToFirst(); each->Valid(); each->Next()) keys += each->key().ToString();
           printf("keys %s round %ld\\n", keys.c_str(), round);
           fflush(stdout);
           usleep(5000);
         }
       }`,
    );
    await runAll(workshop.dir, ["cmake", "-S", ".", "-B", "build", "-GNinja", "-DCMAKE_BUILD_TYPE=Release"]);
    await runAll(workshop.dir, ["cmake", "--build", "build"]);
    const program = workshop.start("build/program", workshop.path("database"));
    await program.waitForLine((line) => line.startsWith("keys abc "));

    cpSync(workshop.path("build/CMakeFiles/leveldb.dir"), workshop.path("before"), { recursive: true });
    workshop.write("leveldb/db/db_iter.cc", right);
    await runAll(workshop.dir, ["cmake", "--build", "build", "--target", "leveldb"]);
    const objects = ["--from", workshop.path("before"), "--to", workshop.path("build/CMakeFiles/leveldb.dir")];
    fix(program, workshop.gen("build/program", "skip.hrp", ...objects));
    await program.waitForNewLine((line) => line.startsWith("keys ac "));
    assert.ok(
      patchesOf(program)[0]?.replaces.every((name) => name.includes("DBIter")),
      JSON.stringify(patchesOf(program)),
    );
    undo(program);
    await program.waitForNewLine((line) => line.startsWith("keys abc "));
    const rounds = program.lines.map((line) => Number(line.split(" ")[3]));
    assert.ok(
      rounds.every((round, i) => round === i),
      "the program went on",
    );
  }));

test("SQLite, built by gcc: abs() is corrected, and wrong again after undo; the table in memory keeps its rows", () =>
  withWorkshop(async (workshop) => {
    writeAll(workshop, sqliteProject(), "sqlite");
    const right = workshop.read("sqlite/sqlite3.c");
    workshop.write("wrong.c", edited(right, "iVal = -iVal;", "iVal = -iVal - 1;"));
    workshop.write(
      "program.c",
      `#include <stdio.h>
       #include <unistd.h>
       #include "sqlite/sqlite3.h"
       static sqlite3 *database;
       static long value_of(const char *query) {
         sqlite3_stmt *statement;
         long value = -1;
         if (sqlite3_prepare_v2(database, query, -1, &statement, NULL) == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW)
           value = sqlite3_column_int64(statement, 0);
         sqlite3_finalize(statement);
         return value;
       }
       int main(void) {
         if (sqlite3_open(":memory:", &database) != SQLITE_OK) return 1;
         sqlite3_exec(database, "CREATE TABLE t (n INTEGER PRIMARY KEY)", NULL, NULL, NULL);
         for (;; usleep(5000)) {
           sqlite3_exec(database, "INSERT INTO t DEFAULT VALUES", NULL, NULL, NULL);
           printf("absolute %ld rows %ld\\n", value_of("SELECT abs(-7)"), value_of("SELECT count(*) FROM t"));
           fflush(stdout);
         }
       }`,
    );
    const compile = (source: string, object: string) =>
      ["gcc", "-O2", "-w", "-DSQLITE_OMIT_LOAD_EXTENSION", "-Isqlite", "-c", source, "-o", object] as const;
    await runAll(workshop.dir, compile("wrong.c", "before.o"), compile("sqlite/sqlite3.c", "after.o"));
    workshop.compile("gcc", "program", "-O2", "program.c", "before.o", "-lm", "-pthread");
    const program = workshop.start("program");
    await program.waitForLine((line) => line.startsWith("absolute 6 "));
    const objects = ["--from", workshop.path("before.o"), "--to", workshop.path("after.o")];
    fix(program, workshop.gen("program", "abs.hrp", ...objects));
    await program.waitForNewLine((line) => line.startsWith("absolute 7 "));
    assert.equal(patchesOf(program)[0]?.replaces, ["absFunc"]);
    undo(program);
    await program.waitForNewLine((line) => line.startsWith("absolute 6 "));
    const rows = program.lines.map((line) => Number(line.split(" ")[3]));
    assert.ok(
      rows.every((count, i) => count === i + 1),
      "every row is there",
    );
  }));

test.run();
