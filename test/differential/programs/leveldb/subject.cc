// A database in memory: written, read, iterated, compacted, reopened; and the parts that it is made of.
#include <memory>
#include <string>

#include "db/dbformat.h"
#include "db/filename.h"
#include "helpers/memenv/memenv.h"
#include "leveldb/cache.h"
#include "leveldb/db.h"
#include "leveldb/env.h"
#include "leveldb/filter_policy.h"
#include "leveldb/value_sink.h"
#include "leveldb/write_batch.h"
#include "util/coding.h"
#include "util/crc32c.h"
#include "util/hash.h"
#include "util/histogram.h"
#include "util/logging.h"

using namespace leveldb;

void subject_start() {}
void subject_state() {}

static std::string key_of(unsigned i) { return "key" + std::to_string(i * 7919 % 1000); }

static void show(const char* what, const Status& status) { hr_out("%s %s", what, status.ToString().c_str()); }

static void iterate(DB* db, unsigned input) {
  std::unique_ptr<Iterator> it(db->NewIterator(ReadOptions()));
  unsigned long hash = 1, count = 0;
  for (it->SeekToFirst(); it->Valid() && count < 5000; it->Next(), count++) {
    for (char c : it->key().ToString() + "=" + it->value().ToString()) hash = hash * 31 + (unsigned char)c;
  }
  hr_out("forward %lu %lx", count, hash);
  for (it->SeekToLast(), count = 0; it->Valid() && count < 20; it->Prev()) count++;
  it->Seek(key_of(input));
  hr_out("seek %s", it->Valid() ? it->key().ToString().c_str() : "nothing");
  show("iterator", it->status());
}

static void use_database(unsigned input) {
  std::unique_ptr<Env> env(NewMemEnv(Env::Default()));
  std::unique_ptr<const FilterPolicy> filter(NewBloomFilterPolicy(10));
  Options options;
  options.env = env.get();
  options.create_if_missing = true;
  options.compression = kNoCompression;
  options.block_size = 256;
  options.filter_policy = filter.get();
  DB* opened = nullptr;
  const Status status = DB::Open(options, "/db", &opened);
  show("open", status);
  if (!status.ok()) return;
  std::unique_ptr<DB> db(opened);
  for (unsigned i = 0; i < 120; i++) db->Put(WriteOptions(), key_of(i + input), "value" + std::to_string(i * input % 97));
  const Snapshot* snapshot = db->GetSnapshot();
  WriteBatch batch;
  for (unsigned i = 0; i < 40; i++) {
    batch.Delete(key_of(i * 3 + input));
    if (i % 5 == 0) batch.Put(key_of(i), std::string(i * 9, 'v'));
  }
  show("batch", db->Write(WriteOptions(), &batch));
  iterate(db.get(), input);
  db->CompactRange(nullptr, nullptr);
  iterate(db.get(), input + 3);
  std::string value;
  StringValueSink sink(&value);
  ReadOptions old;
  old.snapshot = snapshot;
  for (unsigned i = 0; i < 6; i++) {
    show("get", db->Get(ReadOptions(), key_of(i * 2 + input), &sink));
    show(value.c_str(), db->Get(old, key_of(i * 2 + input), &sink));
  }
  db->ReleaseSnapshot(snapshot);
  db.reset();
  opened = nullptr;
  show("again", DB::Open(options, "/db", &opened));
  db.reset(opened);
  if (db) iterate(db.get(), input + 5);
}

static void use_parts(unsigned input) {
  const std::string text = std::string(input % 50, 'x') + std::to_string(input);
  hr_out("hash %x crc %x", Hash(text.data(), text.size(), 7), crc32c::Value(text.data(), text.size()));
  std::string coded;
  PutVarint32(&coded, input * 77);
  PutVarint64(&coded, input * 7777777777ull);
  PutFixed32(&coded, input);
  PutLengthPrefixedSlice(&coded, text);
  Slice rest(coded);
  uint32_t small = 0;
  uint64_t large = 0;
  const bool first = GetVarint32(&rest, &small), second = GetVarint64(&rest, &large);
  hr_out("coded %zu %d %u %d %llu %s", coded.size(), first, small, second, (unsigned long long)large,
         EscapeString(rest).c_str());
  Histogram histogram;
  histogram.Clear();
  for (unsigned i = 0; i < 30; i++) histogram.Add(i * input % 1000);
  hr_out("%s", histogram.ToString().c_str());
  std::unique_ptr<Cache> cache(NewLRUCache(50));
  for (unsigned i = 0; i < 80; i++) {
    cache->Release(cache->Insert(key_of(i), nullptr, 1, [](const Slice&, void*) {}));
  }
  unsigned hits = 0;
  for (unsigned i = 0; i < 80; i++) {
    Cache::Handle* handle = cache->Lookup(key_of(i));
    if (handle) cache->Release(handle);
    hits += handle != nullptr;
  }
  hr_out("cache %u %zu", hits, cache->TotalCharge());
  uint64_t number = 0;
  FileType type = kLogFile;
  const bool parsed = ParseFileName("000" + std::to_string(input % 900) + ".log", &number, &type);
  hr_out("file %d %llu %d %s", parsed, (unsigned long long)number, int(type), TableFileName("d", input).c_str());
  InternalKey key(text, input, kTypeValue);
  hr_out("key %s", key.DebugString().c_str());
}

void subject_probe(unsigned input) {
  use_parts(input);
  use_database(input % 1000);
}
