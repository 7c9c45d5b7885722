#include "a14.h"

struct Trace {
  ~Trace() { unwound += 1; }
  static int unwound;
};
int Trace::unwound = 0;

int a14_throw(int x) {
  if (x > 100) throw std::runtime_error("old");
  return x;
}

int a14_through(int x) {
  Trace trace;
  return a14_throw(x) + a14_old_throw(x);
}

std::string a14_catch(int x) {
  try {
    return std::to_string(a14_through(x));
  } catch (const std::exception &error) {
    return std::string("caught ") + error.what();
  }
}

int a14_noexcept(int x) noexcept {
  try {
    return a14_through(x);
  } catch (const std::exception &) {
    return -1;
  }
}

int a14_unwound() { return Trace::unwound > 0; }
