#include "report.h"

extern "C" int b2_one(int *counted, int *stepped);
extern "C" int b2_two(int *counted, int *stepped);
int b2_object_one(int *value);
int b2_object_two(int *value);

void run_b2() {
  int counted, stepped;
  report("B2.one", "%d", b2_one(&counted, &stepped));
  report_counted("B2.one_count", counted);
  report_counted("B2.one_inner", stepped);
  report("B2.two", "%d", b2_two(&counted, &stepped));
  report_counted("B2.two_count", counted);
  report_counted("B2.two_inner", stepped);
  report("B2.object_one", "%d", b2_object_one(&counted));
  report_counted("B2.object_one_value", counted);
  report("B2.object_two", "%d", b2_object_two(&counted));
  report_counted("B2.object_two_value", counted);
}
