#include "d8.h"

#include <string>

// Counts how often it was called.
static int calls;

struct D8Item {
  std::string name;
  int weight;
};

template <typename T>
static T larger(T a, T b) {
  return a < b ? b : a;
}

int d8(int x) {
  static const char *const words[] = {"one", "two", "three"};
  calls += 1;
  const D8Item item{words[x % 3], x + 1};
  auto add = [&](int more) { return item.weight + more; };
  switch (x) {
    case 0: return larger(1, 2);
    case 1: return larger(add(3), int(item.name.size())) + d8_half(6);
    default: return 0;
  }
}
