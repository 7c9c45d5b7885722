#pragma once

struct B14State {
  int written = 0;
  int other = 0;
};
extern B14State b14_state;

template <class T>
struct B14Counter {
  static T next() {
    static T value = 600;
    return value += 1;
  }
};

void b14_write();
long b14_next();
extern "C" long b14_shared_step(long **address);
