#include "b5.h"

#include <string>
#include <vector>

static B5Object first("first");
B5Object b5_global("second");
static std::vector<std::string> items(1, "an item");

// place for variables

[[gnu::noinline]] int b5_version() { return 1; }

long b5_first() { return ++first.value; }

long b5_second() { return ++b5_global.value; }

long b5_items() {
  items.push_back("another item");
  return long(items.size());
}

long b5_inner() {
  // place for an inner variable
  return 0;
}

long b5_added() {
  // place for added variables
  return 0;
}

bool b5_is_over() { return false; }
