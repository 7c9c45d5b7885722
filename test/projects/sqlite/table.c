/* Adds a row to a table of SQLite in each tick, and asks for the count and the sum of all rows. */
#include <sqlite3.h>
#include <stdlib.h>

#include "report.h"

static sqlite3 *database;

static void run(const char *statement) {
  if (sqlite3_exec(database, statement, NULL, NULL, NULL) != SQLITE_OK) abort();
}

static long value_of(const char *query) {
  sqlite3_stmt *statement;
  if (sqlite3_prepare_v2(database, query, -1, &statement, NULL) != SQLITE_OK) abort();
  if (sqlite3_step(statement) != SQLITE_ROW) abort();
  const long value = sqlite3_column_int64(statement, 0);
  sqlite3_finalize(statement);
  return value;
}

void start_parts(void) {
  if (sqlite3_open(":memory:", &database) != SQLITE_OK) abort();
  run("CREATE TABLE ticks (number INTEGER PRIMARY KEY, weight INTEGER)");
}

void run_parts(long tick) {
  (void)tick;
  run("INSERT INTO ticks (weight) VALUES (2)");
  report_counted("rows", value_of("SELECT count(*) FROM ticks"));
  report("weight", "%ld", value_of("SELECT sum(weight) / count(*) FROM ticks"));
  report("version", "%s", sqlite3_libversion());
  report("absolute", "%ld", value_of("SELECT abs(-7)"));
}
