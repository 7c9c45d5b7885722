#pragma once

/// An object that counts how often one is made and destroyed, and prints the latter.
struct B5Object {
  explicit B5Object(const char *name);
  ~B5Object();
  const char *name;
  long value = 0;
};

int b5_version();
long b5_first();
long b5_second();
long b5_items();
long b5_inner();
long b5_added();
long b5_plain();
int b5_made();
int b5_throw();
bool b5_is_over();
