// C6: a global of a type that grows, which nothing else reaches.
#include "report.h"

struct C6Settings {
  int speed = 5;
  // place for members
};

static C6Settings settings;

static int counted = 5;

static int count() { return int(counted++ > 0) * 7; }

void run_c6() {
  report("B9.count", "%d", count());
  report("C6.speed", "%d", settings.speed);
}
