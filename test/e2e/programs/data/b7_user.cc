#include "b7.h"
#include "report.h"

#include <string>

static void look(const std::string &name, const b7_view &view) {
  report((name + ".limit").c_str(), "%d", view.limit);
  report((name + ".used").c_str(), "%d", view.used);
  report((name + ".hidden").c_str(), "%ld", view.hidden);
  report((name + ".inner").c_str(), "%ld", view.inner);
  report((name + ".zero").c_str(), "%g", view.zero);
  report((name + ".text").c_str(), "%s", view.text);
  report((name + ".pair").c_str(), "%d_%s_%d", view.first, view.name, view.function(0));
}

void start_b7() {
  b7_use(31);
  b7_shared_use(31);
}

void run_b7() {
  look("B7.c", b7_look());
  look("B7.shared", b7_shared_look());
}
