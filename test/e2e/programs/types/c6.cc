// C6: a global of a type that grows, which nothing else reaches.
#include "report.h"

struct C6Settings {
  int speed = 5;
  // place for members
};

static C6Settings settings;

void run_c6() { report("C6.speed", "%d", settings.speed); }
