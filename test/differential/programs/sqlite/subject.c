/* A database in memory that is filled, asked, changed, rolled back and checked. */
#include "sqlite3.h"

#include <stdio.h>

void subject_start(void) { sqlite3_initialize(); }
void subject_state(void) {}

static void show(sqlite3 *db, const char *text) {
  sqlite3_stmt *statement;
  const char *rest = text;
  while (rest && *rest) {
    int code = sqlite3_prepare_v2(db, rest, -1, &statement, &rest);
    if (code != SQLITE_OK) {
      hr_out("%d %s", code, sqlite3_errmsg(db));
      return;
    }
    int rows = 0;
    while (statement && (code = sqlite3_step(statement)) == SQLITE_ROW && rows++ < 200) {
      char line[1024];
      int length = 0;
      for (int i = 0; i < sqlite3_column_count(statement) && length < 900; i++) {
        const unsigned char *value = sqlite3_column_text(statement, i);
        length += snprintf(line + length, sizeof line - (size_t)length, "%.80s|", value ? (const char *)value : "-");
      }
      hr_out("%s", line);
    }
    hr_out("%d after %d, %lld", code, rows, (long long)sqlite3_changes64(db));
    sqlite3_finalize(statement);
  }
}

static void fill(sqlite3 *db, unsigned input) {
  char text[400];
  show(db, "create table body(id integer primary key, name text unique, mass real, kind int);"
           "create index by_kind on body(kind, mass desc);"
           "create table log(at int, what text);"
           "create trigger kept after update on body begin insert into log values(new.id, old.name || '>' || new.name); end;"
           "create view heavy as select name, mass from body where mass > 40; begin");
  for (unsigned i = 0; i < 60; i++) {
    snprintf(text, sizeof text, "insert into body values(null, 'b%u', %u.%u, %u)", i, (i * 37 + input) % 91, i % 10,
             (i + input) % 7);
    sqlite3_exec(db, text, 0, 0, 0);
  }
  show(db, "commit");
}

static void ask(sqlite3 *db, unsigned input) {
  char text[600];
  show(db, "select count(*), sum(mass), avg(mass), min(name), max(name), group_concat(kind, ',') from body;"
           "select kind, count(*), total(mass) from body group by kind having count(*) > 2 order by 3 desc;"
           "select a.name, b.name from body a join body b on a.kind = b.kind and a.id < b.id where a.mass > b.mass limit 12;"
           "select name from heavy order by mass, name limit 5 offset 2;"
           "select name from body where name like 'b1%' or name glob '*7' order by length(name), name collate nocase;"
           "with recursive n(x) as (select 1 union all select x * 3 + 1 from n where x < 500) select group_concat(x) from n;"
           "select name, rank() over (partition by kind order by mass) from body where kind in (1, 3) order by 1 limit 9;"
           "select distinct kind from body except select kind from body where mass < 20 union select 99 order by 1;"
           "select json_extract('{\"a\":[1,2,{\"b\":7}]}', '$.a[2].b'), json_group_array(id) from body where id < 6;"
           "select printf('%05d %.3f %s %x', 42, 3.14159, upper('abc'), 255), hex(x'00ff'), quote('it''s'), typeof(1.0);"
           "select substr('hello', 2, 3), replace('aXbX', 'X', '--'), trim('  x '), instr('abc', 'c'), abs(-7), round(2.567, 2);"
           "select date('2024-02-28', '+2 days'), strftime('%j %w', '2023-12-31'), julianday('2000-01-01 12:00');"
           "explain query plan select * from body where kind = 3 and mass > 5 order by mass");
  snprintf(text, sizeof text,
           "update body set name = name || 'x', mass = mass * 1.5 where id %% 7 = %u; select * from log order by at;"
           "savepoint s; delete from body where kind = %u; select count(*) from body; rollback to s; release s;"
           "insert into body(name, mass, kind) values('b1', 1, 1); insert or replace into body values(3, 'new', 9, 9);"
           "insert into body values(3, 'n', 1, 1) on conflict(id) do update set mass = 77; select * from body where id = 3",
           input % 7, input % 5);
  show(db, text);
}

static void use_extensions(sqlite3 *db, unsigned input) {
  char text[300];
  show(db, "create virtual table words using fts5(text); insert into words values('hot code reload'), ('state is kept'),"
           "('code and state'); select rowid, highlight(words, 0, '[', ']') from words where words match 'code' order by rank;"
           "create virtual table boxes using rtree(id, x0, x1, y0, y1)");
  for (unsigned i = 0; i < 40; i++) {
    snprintf(text, sizeof text, "insert into boxes values(%u, %u, %u, %u, %u)", i + 1, i * 7 % 50, i * 7 % 50 + 5, i * 11 % 60,
             i * 11 % 60 + 9);
    sqlite3_exec(db, text, 0, 0, 0);
  }
  snprintf(text, sizeof text, "select id from boxes where x0 < %u and x1 > %u and y1 > 20", input % 50, input % 30);
  show(db, text);
  show(db, "pragma integrity_check; vacuum; pragma page_count; reindex; analyze; select * from sqlite_stat1 order by 1, 2;"
           "alter table body add column extra default 5; select sum(extra) from body; drop table log; select count(*) from log");
}

void subject_probe(unsigned input) {
  sqlite3 *db = 0;
  hr_out("open %d", sqlite3_open(":memory:", &db));
  fill(db, input);
  ask(db, input);
  use_extensions(db, input);
  hr_out("close %d", sqlite3_close(db));
}
