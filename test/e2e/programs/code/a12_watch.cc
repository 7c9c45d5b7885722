// Never edited: what it holds was taken by old code.
#include "a12.h"
#include "report.h"

#include <stdlib.h>

struct Saved {
  a12_function global, taken_global, taken_static, shared, library, added;
};

static Saved *saved;

void start_a12() {
  saved = new Saved{&a12_global, a12_take_global(), a12_take_static(), &a12_shared, &abs, nullptr};
}

static const char *compare(a12_function now, a12_function then) {
  return now == nullptr ? "none" : now == then ? "equal" : "different";
}

void run_a12() {
  report("A12.global", "%s", compare(&a12_global, saved->global));
  report("A12.taken_global", "%s", compare(a12_take_global(), saved->global));
  report("A12.taken_static", "%s", compare(a12_take_static(), saved->taken_static));
  report("A12.taken_shared", "%s", compare(a12_take_shared(), saved->shared));
  report("A12.shared_there", "%s", compare(a12_shared_taken_there(), saved->shared));
  report("A12.taken_library", "%s", compare(a12_take_library(), saved->library));
  report("A12.compared_there", "%s", a12_is_global(saved->global) ? "equal" : "different");
  if (!saved->added) saved->added = a12_take_added();
  report("A12.added", "%s", compare(a12_take_added(), saved->added));
  report("A12.calls", "%d %d %d %d", saved->global(0), saved->taken_global(0), saved->taken_static(0), saved->shared(0));
  report("A12.call_added", "%d", saved->added ? saved->added(0) : -1);
}
