#include "report.h"

extern "C" long b10_count(int which);
extern "C" int b10_version(void);
long b10_cxx_count(int which);
int b10_cxx_version();

void run_b10() {
  report_counted("B10.one", b10_count(1));
  report_counted("B10.two", b10_count(2));
  report("B10.version", "%d", b10_version());
  report_counted("B10.cxx_one", b10_cxx_count(1));
  report_counted("B10.cxx_two", b10_cxx_count(2));
  report("B10.cxx_version", "%d", b10_cxx_version());
}
