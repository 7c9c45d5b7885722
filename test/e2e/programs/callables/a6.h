#pragma once

template <class T> T a6_scale(T value) { return value * 2; }

template <class T> struct A6Stack {
  T items[8];
  int count = 0;
  void push(T value) { items[count++ % 8] = value; }
  T top() const { return items[(count - 1) % 8]; }
};
