// Keys and values of the records, and the check of a whole database.
#include "records.h"

#include <stdio.h>
#include <stdlib.h>

#include <algorithm>

#include "leveldb/value_sink.h"

namespace example {

leveldb::Status read_value(leveldb::DB* db, const std::string& key, std::string* value) {
  leveldb::ReadOptions options;
  options.verify_checksums = true;
  leveldb::StringValueSink sink(value);
  return db->Get(options, key, &sink);
}

std::string record_key(int writer, long number) {
  char key[48];
  snprintf(key, sizeof key, "record/%d/%08ld", writer, number % slots);
  return key;
}

std::string record_value(int writer, long number) {
  char head[48];
  snprintf(head, sizeof head, "%d:%ld:", writer, number);
  std::string value(head);
  const size_t size = 40 + static_cast<size_t>(number * 7919 % 160);
  while (value.size() < size) value.push_back(static_cast<char>('a' + (number + value.size()) % 26));
  return value;
}

std::string counter_key(int writer) {
  char key[32];
  snprintf(key, sizeof key, "counter/%d", writer);
  return key;
}

long read_counter(leveldb::DB* db, int writer) {
  std::string text;
  const leveldb::Status status = read_value(db, counter_key(writer), &text);
  if (status.IsNotFound()) return 0;
  return status.ok() ? atol(text.c_str()) : -1;
}

bool verify(leveldb::DB* db) {
  long checked = 0;
  for (int writer = 0; writer < writers; ++writer) {
    const long count = read_counter(db, writer);
    if (count < 0) {
      printf("BAD counter of writer %d\n", writer);
      return false;
    }
    for (long number = std::max(0L, count - slots); number < count; ++number, ++checked) {
      std::string value;
      const leveldb::Status status = read_value(db, record_key(writer, number), &value);
      if (!status.ok() || value != record_value(writer, number)) {
        printf("BAD record %ld of writer %d: %s\n", number, writer, status.ToString().c_str());
        return false;
      }
    }
  }
  printf("OK %ld records\n", checked);
  return true;
}

}  // namespace example
