#include "b13.h"
#include "report.h"

void run_b13() {
  const b13_view view = b13_look();
  report("B13.version", "%d", view.version);
  report_counted("B13.hidden", view.hidden);
  report_counted("B13.other_module", (view.other_module + 1) / 2); // both modules count it up in turn
  report_counted("B13.common", view.common);
  report_address("B13.hidden_at", view.hidden_at);
  report_address("B13.other_module_at", view.other_module_at);
  report_address("B13.common_at", view.common_at);
  report("B13.one_variable", "%d", view.other_module == b13_other_module_now());
  report("B13.factor", "%ld", b13_common_step() / view.common);
  if (!b13_added()) {
    report("B13.added", "none");
    return;
  }
  report_counted("B13.added", ++*b13_added());
  report_address("B13.added_at", b13_added());
}
