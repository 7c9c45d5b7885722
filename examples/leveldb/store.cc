// Writes to and reads from a LevelDB database on several threads, until SIGINT or SIGTERM.
//
//   store [PATH]            prints a line each half second; the database stays for the next time
//   store --verify PATH     opens the database, checks every record, prints "OK ..." or what is wrong
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include "leveldb/cache.h"
#include "leveldb/db.h"
#include "leveldb/env.h"
#include "leveldb/write_batch.h"
#include "records.h"

namespace {

using namespace example;

const int readers = 2;

volatile sig_atomic_t asked_to_end = 0;
std::atomic<long> written[writers];
std::atomic<long> reads(0);
std::atomic<long> errors(0);

void end(int) { asked_to_end = 1; }

void pause_ms(int ms) { std::this_thread::sleep_for(std::chrono::milliseconds(ms)); }

void write_record(leveldb::DB* db, int writer) {
  const long number = written[writer];
  leveldb::WriteBatch batch;
  batch.Put(record_key(writer, number), record_value(writer, number));
  batch.Put(counter_key(writer), std::to_string(number + 1));
  if (db->Write(leveldb::WriteOptions(), &batch).ok()) {
    written[writer] = number + 1;
  } else {
    ++errors;
  }
}

void run_writer(leveldb::DB* db, int writer) {
  while (!asked_to_end) {
    for (int i = 0; i < 20; ++i) write_record(db, writer);
    pause_ms(2);
  }
}

// Reads a record of which no writer is about to take the slot.
void read_record(leveldb::DB* db, unsigned* seed) {
  const int writer = rand_r(seed) % writers;
  const long newest = written[writer] - 1;
  if (newest < 0) return;
  const long number = newest - rand_r(seed) % std::min(newest + 1, slots / 2);
  std::string value;
  const leveldb::Status status = read_value(db, record_key(writer, number), &value);
  ++reads;
  if (!status.ok() || value != record_value(writer, number)) ++errors;
}

void run_reader(leveldb::DB* db, unsigned seed) {
  while (!asked_to_end) {
    for (int i = 0; i < 20; ++i) read_record(db, &seed);
    pause_ms(2);
  }
}

long total_written() {
  long total = 0;
  for (const std::atomic<long>& count : written) total += count;
  return total;
}

// The version comes from a header of LevelDB (db.h), the text about a missing key from one of its files (status.cc).
void report(leveldb::DB* db) {
  std::string ignored;
  const std::string missing = read_value(db, "no such key", &ignored).ToString();
  printf("written=%ld read=%ld errors=%ld leveldb=%d.%d missing=\"%s\"\n", total_written(), reads.load(), errors.load(),
         leveldb::kMajorVersion, leveldb::kMinorVersion, missing.c_str());
  fflush(stdout);
}

void wait_half_a_second() {
  const struct timespec half = {0, 500000000};
  nanosleep(&half, NULL);  // a signal ends it
}

void run(leveldb::DB* db) {
  std::vector<std::thread> threads;
  for (int writer = 0; writer < writers; ++writer) {
    written[writer] = read_counter(db, writer);
    threads.emplace_back(run_writer, db, writer);
  }
  for (int reader = 0; reader < readers; ++reader) threads.emplace_back(run_reader, db, reader + 1);
  while (!asked_to_end) {
    report(db);
    wait_half_a_second();
  }
  for (std::thread& thread : threads) thread.join();
  report(db);
}

std::string default_path() {
  std::string directory;
  leveldb::Env::Default()->GetTestDirectory(&directory);  // one of the user's own in /tmp
  return directory + "/hotreload-store";
}

}  // namespace

int main(int argc, char** argv) {
  const bool only_verify = argc == 3 && strcmp(argv[1], "--verify") == 0;
  const std::string path = argc > 1 ? argv[argc - 1] : default_path();
  signal(SIGINT, end);
  signal(SIGTERM, end);

  const std::unique_ptr<leveldb::Cache> cache(leveldb::NewLRUCache(4 << 20));
  leveldb::Options options;
  options.create_if_missing = !only_verify;
  options.write_buffer_size = 1 << 20;  // small, so that it compacts all the time
  options.block_cache = cache.get();
  leveldb::DB* opened = NULL;
  const leveldb::Status status = leveldb::DB::Open(options, path, &opened);
  const std::unique_ptr<leveldb::DB> db(opened);
  if (!status.ok()) {
    fprintf(stderr, "%s\n", status.ToString().c_str());
    return 1;
  }
  if (only_verify) return verify(db.get()) ? 0 : 1;
  run(db.get());
  return errors == 0 ? 0 : 1;
}
