#pragma once

struct B8Entry {
  const char *name;
  int value;
  int (*run)(int);
};

/// A table of a header, in the executable and in a shared library.
inline constexpr int b8_inline[3] = {1, 2, 3};

extern const int b8_global[3];
extern const char b8_banner[8];

const B8Entry *b8_table();
const char *b8_word();
int b8_sum();
const int *b8_inline_here();
const B8Entry *b8_shared_table();
const int *b8_inline_shared();
extern "C" const int *b8_c_table(void);
