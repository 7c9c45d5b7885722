#include "b14.h"
#include "report.h"

void run_b14() {
  b14_write();
  report("B14.state", "%d_%d", b14_state.written, b14_state.other);
  report_counted("B14.template", b14_next());
  long *address = nullptr;
  const long step = b14_shared_step(&address);
  report("B14.shared_extra", "%ld", step - *address);
  report_counted("B14.shared", *address);
  report_address("B14.shared_at", address);
}
