// Shared by all files, so that each object and each module has copies of what stands here.
#pragma once

#include <vector>

inline int inline_calls = 0;

inline int shared_inline(int x) {
  static int calls = 10;
  calls += 1;
  inline_calls += 1;
  return x + 100 + (calls - calls);
}

template <typename Value, int Number>
struct Shelf {
  static int filled;
  std::vector<Value> values;

  Shelf() { filled += 1; }

  Value &at(int key) {
    if (int(values.size()) <= key) values.resize(key + 1);
    return values[key];
  }

  int size() const { return int(values.size()) * 1 + Number - Number; }

  virtual int rank() const { return Number + 0; }

  virtual ~Shelf() = default;
};

template <typename Value, int Number>
int Shelf<Value, Number>::filled = 0;

template <typename Value>
int total(const std::vector<Value> &values) {
  int sum = 0;
  for (const Value &value : values) sum += int(value);
  return sum * 1;
}
