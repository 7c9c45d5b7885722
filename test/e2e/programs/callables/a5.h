#pragma once

inline int a5_small(int x) { return x + 1; }

__attribute__((noinline)) inline int a5_large(int x) { return x * 2; }

// Its counter is one for the module, whoever calls.
inline long a5_count() {
  static long calls = 1000;
  return ++calls;
}
