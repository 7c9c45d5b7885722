#include "b4.h"
#include "report.h"

#include <string>

int b4_existing = 42;

int b4_existing_function(int x) { return x + 1; }

static void look(const std::string &name, const b4_view &view) {
  const struct {
    const char *name;
    const long *variable;
  } variables[] = {
      {".global", view.global},
      {".file_static", view.file_static},
      {".function_static", view.function_static},
      {".zero", view.zero},
  };
  for (const auto &variable : variables) {
    const std::string field = name + variable.name;
    if (!variable.variable) {
      report(field.c_str(), "none");
      continue;
    }
    report_counted(field.c_str(), *variable.variable);
    report_address((field + "_at").c_str(), variable.variable);
  }
  report((name + ".pointed").c_str(), "%s", view.pointed == &b4_existing ? "existing" : view.pointed ? "other" : "none");
  report((name + ".function").c_str(), "%s",
         view.function == &b4_existing_function ? "existing" : view.function ? "other" : "none");
  report((name + ".text").c_str(), "%s", view.text ? view.text : "none");
  report((name + ".version").c_str(), "%d", view.version);
}

void run_b4() {
  look("B4.c", b4_c_step());
  look("B4.cc", b4_step());
}
