#include "b5.h"
#include "report.h"

#include <cstdio>
#include <cstdlib>

static int made, destroyed;

B5Object::B5Object(const char *name) : name(name) { made += 1; }

B5Object::~B5Object() {
  destroyed += 1;
  std::printf("destroyed %s\n", name);
}

int b5_made() { return made; }

int b5_throw() { throw made; }

void run_b5() {
  if (b5_is_over()) std::exit(0);
  report("B5.version", "%d", b5_version());
  report_counted("B5.first", b5_first());
  report_counted("B5.second", b5_second());
  report_counted("B5.items", b5_items());
  if (const long inner = b5_inner()) report_counted("B5.inner", inner);
  if (const long added = b5_added()) report_counted("B5.added", added);
  if (const long plain = b5_plain()) report_counted("B5.plain", plain);
  report("B5.made", "%d_%d", made, destroyed);
}
