#include "c5.h"
#include "report.h"

static C5Counter* counter;

void run_c5() {
  if (!counter) counter = new C5Counter;
  const C5Counter fresh;
  report("C5.step", "%d_%d", counter->step(), C5Counter(fresh).step());
}
