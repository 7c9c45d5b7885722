// The records of the database: what they contain can be computed, so that a database can be checked from outside.
#pragma once
#include <string>

#include "leveldb/db.h"

namespace example {

// Each writer writes record 0, 1, 2, ... of its own; record n takes the slot n % slots, so that the database stays
// small. Its counter, which is written together with each record, tells how many it has written.
const int writers = 2;
const long slots = 50000;

/** DB::Get into a string; this LevelDB hands values to a ValueSink. */
leveldb::Status read_value(leveldb::DB* db, const std::string& key, std::string* value);

std::string record_key(int writer, long number);
std::string record_value(int writer, long number);
std::string counter_key(int writer);

/** How many records a writer has written; 0 in a new database, -1 if the counter cannot be read. */
long read_counter(leveldb::DB* db, int writer);

/** Reads every slot of every writer and compares it with what was last written there; prints what is wrong. */
bool verify(leveldb::DB* db);

}  // namespace example
