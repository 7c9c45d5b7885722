#include "report.h"

#include <functional>

static int (*plain)(int);
static std::function<int(int)> capturing;

void start_a8() {
  int base = 100;
  plain = [](int x) { return x + 1; };
  capturing = [base](int x) { return base + x; };
}

void run_a8() {
  report("A8.plain", "%d", plain(1));
  report("A8.capturing", "%d", capturing(1));
}
