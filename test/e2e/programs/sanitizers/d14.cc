#include "d14.h"

#include <stdexcept>

long d14_global = 100;
int d14_shared;
static long file_static = 200;
static const char* const names[] = {"one", "two", "three"};
static int table[4] = {1, 2, 3, 4};
// place for globals

int D14Square::area() const { return side * side; }

static void fail(const char* text) { throw std::runtime_error(text); }

// Runs in a second thread, again and again.
void d14_work() {
  static std::atomic<long> turns{0};
  turns++;
  // place for work
}

bool d14_finished() { return false; }

D14View d14_step(const D14Shape& shape, const std::vector<int>& list) {
  static std::string guarded = "guarded by the compiler";
  D14View view{};
  view.version = 1;
  view.global = ++d14_global;
  view.file_static = ++file_static;
  guarded += list.empty() ? "" : "x";
  if (guarded.size() > 40) guarded.resize(10);
  view.guarded = long(guarded.size() > 0);
  view.area = shape.area();
  view.text = names[d14_global % 3];
  table[d14_global % 4] += d14_inline(int(list.size()));
  // place for code
  try {
    fail("caught");
  } catch (const std::exception& error) {
    view.caught = error.what();
  }
  return view;
}
